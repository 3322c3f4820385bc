import { randomUUID } from 'node:crypto';
import { AwsError, type HttpTargetParameters } from '../../../ports';
import { EventsResourceExistsError, EventsResourceNotFoundError } from '../errors';
import { type ApiDestinationInput, readConnection, readDestination } from './connection-input';
import { readSecret, secretOf } from './connection-secret';
import { call, type HttpAnswer } from './http-call';
import { InvocationError } from './invocation-error';
import { invocationRequest } from './invocation-request';
import { OAuthTokens } from './oauth-tokens';
import { Pacer } from './pacer';

/** "Maximum client execution timeout": user guide, API destinations. */
const TIMEOUT_MS = 5000;

/** Statuses below 500 with which an event is tried again: user guide, "API destination error codes". */
const RETRIED: ReadonlySet<number> = new Set([401, 407, 409, 429]);

/** An OAuth server is asked for another token after these. */
const TOKEN_REFUSED: ReadonlySet<number> = new Set([401, 407]);

/** As much of an answer as a dead letter quotes. */
const QUOTED_CHARACTERS = 512;

/** Where the credentials of connections are kept. */
export interface Secrets {
  create(secret: { readonly name: string; readonly value: string }): { readonly arn: string };
  value(secretId: string): string;
}

export interface Connection {
  readonly name: string;
  readonly arn: string;
  readonly type: 'API_KEY' | 'BASIC' | 'OAUTH_CLIENT_CREDENTIALS';
  readonly description: string | undefined;
  readonly secretArn: string;
  readonly createdAt: Date;
}

export interface ApiDestination {
  readonly arn: string;
  readonly input: ApiDestinationInput;
  readonly connection: Connection;
  readonly pacer: Pacer;
  readonly createdAt: Date;
}

export interface ApiDestinationsOptions {
  readonly arnPrefix: string;
  readonly secrets: Secrets;
  /** Time for a request and for an exchange of credentials, in milliseconds. @default 5000 */
  readonly timeoutMs?: number | undefined;
}

/** EventBridge's connections and the HTTP endpoints that rules reach with them. */
export class ApiDestinations {
  readonly #arnPrefix: string;
  readonly #secrets: Secrets;
  readonly #timeoutMs: number;
  readonly #connections = new Map<string, Connection>();
  readonly #destinations = new Map<string, ApiDestination>();
  readonly #tokens: OAuthTokens;
  readonly #closing = new AbortController();

  constructor({ arnPrefix, secrets, timeoutMs = TIMEOUT_MS }: ApiDestinationsOptions) {
    this.#arnPrefix = arnPrefix;
    this.#secrets = secrets;
    this.#timeoutMs = timeoutMs;
    this.#tokens = new OAuthTokens((request) => call(request, this.#limits()));
  }

  /** @param input with the members of CreateConnection @throws EventsValidationError, EventsResourceExistsError */
  createConnection(input: unknown): Connection {
    const given = readConnection(input);
    const { Name: name, Description: description, AuthorizationType: type } = given;
    if (this.#connections.has(name)) throw new EventsResourceExistsError('Connection', name);
    const { arn: secretArn } = this.#secrets.create({
      name: `events!connection/${name}/${randomUUID()}`,
      value: secretOf(given),
    });
    const arn = `${this.#arnPrefix}:connection/${name}/${randomUUID()}`;
    const connection: Connection = { name, arn, type, description, secretArn, createdAt: new Date() };
    this.#connections.set(name, connection);
    return connection;
  }

  /** @param input with the members of CreateApiDestination @throws EventsValidationError, EventsResourceExistsError, EventsResourceNotFoundError */
  createDestination(input: unknown): ApiDestination {
    const given = readDestination(input);
    const { Name: name, ConnectionArn: connectionArn, InvocationRateLimitPerSecond: perSecond } = given;
    if (this.#destinations.has(name)) throw new EventsResourceExistsError('ApiDestination', name);
    const connection = [...this.#connections.values()].find(({ arn }) => arn === connectionArn);
    if (connection === undefined) throw new EventsResourceNotFoundError('Connection', connectionArn);
    const arn = `${this.#arnPrefix}:api-destination/${name}/${randomUUID()}`;
    const destination = { arn, input: given, connection, pacer: new Pacer(perSecond), createdAt: new Date() };
    this.#destinations.set(name, destination);
    return destination;
  }

  /** @throws EventsResourceNotFoundError */
  connection(name: string): Connection {
    const connection = this.#connections.get(name);
    if (connection === undefined) throw new EventsResourceNotFoundError('Connection', name);
    return connection;
  }

  /** @throws EventsResourceNotFoundError */
  destination(name: string): ApiDestination {
    const destination = this.#destinations.get(name);
    if (destination === undefined) throw new EventsResourceNotFoundError('ApiDestination', name);
    return destination;
  }

  /** Sends a payload once its turn has come. @throws InvocationError, AwsError for a destination that does not exist */
  async invoke(arn: string, payload: string, http?: HttpTargetParameters): Promise<void> {
    const found = [...this.#destinations.values()].find((each) => each.arn === arn);
    if (found === undefined) throw new AwsError('ResourceNotFoundException', `${arn} does not exist.`);
    await found.pacer.turn(this.#closing.signal);
    const { connection, input: destination } = found;
    const credentials = readSecret(this.#secrets.value(connection.secretArn), connection.name);
    const accessToken =
      'client_id' in credentials ? await this.#tokens.token(connection.arn, credentials) : undefined;
    const request = invocationRequest({ destination, credentials, accessToken, http, payload });
    const answer = await call(request, this.#limits());
    if (accessToken !== undefined && TOKEN_REFUSED.has(answer.status)) {
      await this.#tokens.refused(connection.arn, accessToken);
    }
    const failure = failureOf(answer);
    if (failure) throw failure;
  }

  /** Gives up what waits or is under way. */
  close(): void {
    this.#closing.abort();
  }

  #limits() {
    return { timeoutMs: this.#timeoutMs, signal: this.#closing.signal };
  }
}

function failureOf({ status, headers, text }: HttpAnswer): InvocationError | undefined {
  if (status >= 200 && status < 300) return undefined;
  const seconds = retryAfter(headers['retry-after']);
  return new InvocationError(
    `ApiDestination returned HTTP status ${status} with payload: ${text.slice(0, QUOTED_CHARACTERS)}`,
    {
      isRetried: (status >= 500 || RETRIED.has(status)) && seconds >= 0,
      retryAfterMs: Math.max(0, seconds * 1000),
    },
  );
}

/** Seconds from now; negative where the endpoint wants no other attempt. */
function retryAfter(header: string | undefined): number {
  if (header === undefined) return 0;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return seconds;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, (date - Date.now()) / 1000);
}
