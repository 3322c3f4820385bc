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

/** Signs requests to one service. Credentials are read anew every second, the key derived from them once a day. */
export class RequestSigner {
  readonly #service: string;
  readonly #region: string;
  readonly #credentials: () => Credentials;
  readonly #now: () => number;
  #signingKey: SigningKey | undefined;
  #stamp: Stamp | undefined;

  constructor({ service, region, credentials = environmentCredentials, now = Date.now }: SignerOptions) {
    this.#service = service;
    this.#region = region;
    this.#credentials = credentials;
    this.#now = now;
  }

  /**
   * The headers of the signed request, its own and those of the signature: names and values in turn. Throws EnvironmentError
   * where there are no credentials.
   */
  sign({ method, path, query, host, headers, bodyHash }: SignableRequest): string[] {
    const { date, scope, key, accessKeyId, sessionToken } = this.#stampOf(this.#now());
    const signed: Record<string, string> = { host, 'x-amz-date': date };
    if (sessionToken !== undefined) signed['x-amz-security-token'] = sessionToken;
    Object.assign(signed, headers);
    const names = Object.keys(signed).sort();
    const list: string[] = [];
    let lines = '';
    for (const name of names) {
      const value = signed[name] ?? '';
      list.push(name, value);
      lines += `${name}:${value}\n`;
    }
    const signedNames = names.join(';');
    const canonical = `${method}\n${canonicalPath(path)}\n${query}\n${lines}\n${signedNames}\n${bodyHash}`;
    const text = `${ALGORITHM}\n${date}\n${scope}\n${sha256(canonical)}`;
    const signature = createHmac('sha256', key).update(text).digest('hex');
    list.push(
      'authorization',
      `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedNames}, Signature=${signature}`,
    );
    return list;
  }

  #stampOf(now: number): Stamp {
    const second = Math.floor(now / 1000);
    if (this.#stamp?.second === second) return this.#stamp;
    const { accessKeyId, secretAccessKey, sessionToken } = this.#credentials();
    // `2026-11-24T05:06:07.089Z` becomes `20261124T050607Z`.
    const date = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const key = this.#keyOf(date.slice(0, 8), secretAccessKey);
    this.#stamp = { ...key, second, date, accessKeyId, sessionToken };
    return this.#stamp;
  }

  #keyOf(day: string, secretAccessKey: string): SigningKey {
    const held = this.#signingKey;
    if (held?.day === day && held.secretAccessKey === secretAccessKey) return held;
    const steps = [day, this.#region, this.#service, 'aws4_request'];
    let key: string | Buffer = `AWS4${secretAccessKey}`;
    for (const step of steps) key = hmac(key, step);
    this.#signingKey = { day, secretAccessKey, scope: steps.join('/'), key };
    return this.#signingKey;
  }
}
