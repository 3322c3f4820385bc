import * as v from 'valibot';
import type { HttpParameters, OAuthCredentials } from './connection-secret';
import type { HttpAnswer, HttpCall } from './http-call';
import { InvocationError } from './invocation-error';

/** A token that ends sooner is replaced before it is used. */
const REFRESHED_BEFORE_MS = 60_000;

interface Token {
  readonly value: string;
  /** Epoch milliseconds; undefined where the server did not say. */
  readonly expiresAt: number | undefined;
}

const answerSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/)),
    expires_in: v.optional(v.pipe(v.union([v.number(), v.string()]), v.transform(Number), v.minValue(0))),
  }),
);

/** Access tokens of connections, by the connection's ARN: one exchange at a time, and none while the last one's token is good. */
export class OAuthTokens {
  readonly #call: (request: HttpCall) => Promise<HttpAnswer>;
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(call: (request: HttpCall) => Promise<HttpAnswer>) {
    this.#call = call;
  }

  /** @throws InvocationError */
  async token(connectionArn: string, credentials: OAuthCredentials): Promise<string> {
    const known = this.#tokens.get(connectionArn);
    if (known !== undefined && isGood(await known)) return (await known).value;
    const current = this.#tokens.get(connectionArn);
    // While this one waited, another may have begun the exchange.
    const begun = current === known ? undefined : current;
    return (await (begun ?? this.#exchange(connectionArn, credentials))).value;
  }

  /** The endpoint did not accept this token: another is fetched for the next attempt. */
  async refused(connectionArn: string, token: string): Promise<void> {
    const known = this.#tokens.get(connectionArn);
    const isKnown = known !== undefined && (await known).value === token;
    if (isKnown && this.#tokens.get(connectionArn) === known) this.#tokens.delete(connectionArn);
  }

  #exchange(connectionArn: string, credentials: OAuthCredentials): Promise<Token> {
    const exchange = this.#fetch(credentials);
    this.#tokens.set(connectionArn, exchange);
    exchange.catch(() => {
      if (this.#tokens.get(connectionArn) === exchange) this.#tokens.delete(connectionArn);
    });
    return exchange;
  }

  async #fetch(credentials: OAuthCredentials): Promise<Token> {
    const { status, text } = await this.#call(tokenRequest(credentials));
    const answer = v.safeParse(answerSchema, text);
    if (status < 200 || status > 299 || !answer.success) {
      throw new InvocationError(
        `Unable to invoke ApiDestination endpoint: the authorization endpoint answered ${status} without an access token.`,
      );
    }
    const { access_token: value, expires_in: seconds } = answer.output;
    return { value, expiresAt: seconds === undefined ? undefined : Date.now() + seconds * 1000 };
  }
}

function isGood({ expiresAt }: Token): boolean {
  return expiresAt === undefined || expiresAt - Date.now() > REFRESHED_BEFORE_MS;
}

/** RFC 6749, 4.4, with the credentials in the form, which is the query where the method is GET. */
function tokenRequest(credentials: OAuthCredentials): HttpCall {
  const { authorization_endpoint, http_method: method, client_id, client_secret } = credentials;
  const { header_parameters, query_string_parameters, body_parameters }: HttpParameters =
    credentials.oauth_http_parameters ?? {
      header_parameters: [],
      query_string_parameters: [],
      body_parameters: [],
    };
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret });
  for (const { key, value } of body_parameters) form.set(key, value);
  const url = new URL(authorization_endpoint);
  for (const { key, value } of query_string_parameters) url.searchParams.set(key, value);
  if (method === 'GET') for (const [key, value] of form) url.searchParams.set(key, value);
  const body = method === 'GET' ? undefined : form.toString();
  const headers = Object.fromEntries(header_parameters.map(({ key, value }) => [key.toLowerCase(), value]));
  return {
    url,
    method,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
      }),
      ...headers,
    },
    body,
  };
}
