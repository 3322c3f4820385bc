import { createHmac, hash } from 'node:crypto';
import { type Credentials, environmentCredentials } from './credentials';

/** Names in lower case. */
export interface Headers {
  readonly [name: string]: string;
}

/** A request as AWS Signature Version 4 looks at it. */
export interface SignableRequest {
  readonly method: string;
  /** As it is sent: percent-encoded once, without query. */
  readonly path: string;
  /** As it is sent: made by `queryText`, empty for none. */
  readonly query: string;
  /** Name and port. */
  readonly host: string;
  /** Those beside `host` that are signed; names in lower case, values without spaces at their ends or in a row. */
  readonly headers: Headers;
  /** SHA-256 of the body, in hexadecimal. */
  readonly bodyHash: string;
}

export interface SignerOptions {
  /** Name in the signature's scope: `sqs`, `execute-api`. */
  readonly service: string;
  readonly region: string;
  /** @default the function's own, from the environment */
  readonly credentials?: () => Credentials;
  /** Epoch milliseconds. @default the system's clock */
  readonly now?: () => number;
}

interface SigningKey {
  readonly day: string;
  readonly secretAccessKey: string;
  readonly scope: string;
  readonly key: string | Buffer;
}

/** What signatures of one second have in common. */
interface Stamp extends SigningKey {
  readonly second: number;
  readonly date: string;
  readonly accessKeyId: string;
  readonly sessionToken: string | undefined;
  /** By the headers that a caller signs again and again. */
  readonly prepared: WeakMap<Headers, Prepared>;
}

/** All of a signature that neither path nor body change. */
interface Prepared {
  readonly host: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** What follows the query in the canonical request, to the hash of the body. */
  readonly canonical: string;
  /** What precedes the hash of the canonical request in the text that is signed. */
  readonly text: string;
  /** The authorization to the signature. */
  readonly authorization: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Percent-encodes all but RFC 3986's unreserved characters; throws URIError for text with half a surrogate pair. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A query as it is sent and signed, sorted by its encoded names. */
export function queryText(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** The path that is signed: without empty and dot segments, and encoded once more than it is sent (S3 alone differs). */
function canonicalPath(path: string): string {
  const plain = path.includes('//') || path.includes('/.') ? withoutDots(path) : path;
  return percentEncode(plain).replace(/%2F/g, '/');
}

function withoutDots(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const end = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${end}`;
}

function prepare(
  { date, scope, accessKeyId, sessionToken }: Stamp,
  host: string,
  headers: Headers,
): Prepared {
  const signed: Record<string, string> = { ...headers, host, 'x-amz-date': date };
  if (sessionToken !== undefined) signed['x-amz-security-token'] = sessionToken;
  const entries = Object.entries(signed).sort(([one], [other]) => (one < other ? -1 : 1));
  const names = entries.map(([name]) => name).join(';');
  const lines = entries.map(([name, value]) => `${name}:${value}\n`).join('');
  return {
    host,
    headers: entries.flat(),
    canonical: `\n${lines}\n${names}\n`,
    text: `${ALGORITHM}\n${date}\n${scope}\n`,
    authorization: `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=`,
  };
}

/**
 * Signs requests to one service. Credentials are read anew every second, the key derived from them once a day; what
 * requests with the same object of headers have in common is put together once a second, so nobody may change that object.
 */
export class RequestSigner {
  readonly #options: Required<SignerOptions>;
  #signingKey: SigningKey | undefined;
  #stamp: Stamp | undefined;

  constructor(options: SignerOptions) {
    this.#options = { credentials: environmentCredentials, now: Date.now, ...options };
  }

  /**
   * The headers of the signed request, its own and those of the signature: names and values in turn. Throws EnvironmentError
   * where there are no credentials.
   */
  sign({ method, path, query, host, headers, bodyHash }: SignableRequest): string[] {
    const stamp = this.#stampOf(this.#options.now());
    const prepared = this.#prepared(stamp, host, headers);
    const canonical = `${method}\n${canonicalPath(path)}\n${query}${prepared.canonical}${bodyHash}`;
    const text = prepared.text + sha256(canonical);
    const signature = createHmac('sha256', stamp.key).update(text).digest('hex');
    return [...prepared.headers, 'authorization', prepared.authorization + signature];
  }

  #prepared(stamp: Stamp, host: string, headers: Headers): Prepared {
    const known = stamp.prepared.get(headers);
    if (known?.host === host) return known;
    const prepared = prepare(stamp, host, headers);
    stamp.prepared.set(headers, prepared);
    return prepared;
  }

  #stampOf(now: number): Stamp {
    const second = Math.floor(now / 1000);
    if (this.#stamp?.second === second) return this.#stamp;
    const { accessKeyId, secretAccessKey, sessionToken } = this.#options.credentials();
    // `2026-11-24T05:06:07.089Z` becomes `20261124T050607Z`.
    const date = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const key = this.#keyOf(date.slice(0, 8), secretAccessKey);
    this.#stamp = { ...key, second, date, accessKeyId, sessionToken, prepared: new WeakMap() };
    return this.#stamp;
  }

  #keyOf(day: string, secretAccessKey: string): SigningKey {
    const held = this.#signingKey;
    if (held?.day === day && held.secretAccessKey === secretAccessKey) return held;
    const steps = [day, this.#options.region, this.#options.service, 'aws4_request'];
    let key: string | Buffer = `AWS4${secretAccessKey}`;
    for (const step of steps) key = hmac(key, step);
    this.#signingKey = { day, secretAccessKey, scope: steps.join('/'), key };
    return this.#signingKey;
  }
}
