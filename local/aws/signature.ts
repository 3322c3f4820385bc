import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../ports';

/** A request as it came. */
export interface SignedRequest {
  readonly method: string;
  /** Path with query, as sent. */
  readonly path: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** Parts of an `Authorization` header of Signature Version 4. */
export interface SignatureScope {
  readonly accessKeyId: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

/** Why a signature is not taken. */
export type SignatureProblem = 'token' | 'signature';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SCOPE = /Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request/;
/** A key is a principal's for a day; old days are dropped together. */
const MOST_KEYS = 256;

/** Reads `Credential=<key>/<date>/<region>/<service>/aws4_request`; an access key holds no slash. */
export function signatureScope(authorization: string | undefined): SignatureScope | undefined {
  const [, accessKeyId, day, region, service] = SCOPE.exec(authorization ?? '') ?? [];
  if (accessKeyId === undefined || day === undefined || region === undefined || service === undefined) {
    return undefined;
  }
  return { accessKeyId, day, region, service };
}

/**
 * Checks signatures of Signature Version 4 (in the header, as the SDKs make them). The age of a request is not looked at: a
 * laptop may have slept.
 */
export class SignatureCheck {
  readonly #keys = new Map<string, Buffer>();

  /** What is wrong with the signature of a request that `principal` claims to have made; undefined for nothing. */
  problem(request: SignedRequest, scope: SignatureScope, principal: Principal): SignatureProblem | undefined {
    const { headers } = request;
    if ((headers['x-amz-security-token'] ?? '') !== principal.sessionToken) return 'token';
    const authorization = headers['authorization'] ?? '';
    const names = /SignedHeaders=([^,\s]+)/.exec(authorization)?.[1] ?? '';
    const given = /Signature=([0-9a-f]{64})$/.exec(authorization)?.[1] ?? '';
    const date = headers['x-amz-date'] ?? '';
    if (!authorization.startsWith(ALGORITHM) || !date.startsWith(scope.day)) return 'signature';
    if (!names.split(';').includes('host')) return 'signature';
    const place = `${scope.day}/${scope.region}/${scope.service}/aws4_request`;
    const text = `${ALGORITHM}\n${date}\n${place}\n${sha256(canonicalRequest(request, names))}`;
    const expected = createHmac('sha256', this.#keyOf(scope, principal)).update(text).digest();
    const matches = given !== '' && timingSafeEqual(expected, Buffer.from(given, 'hex'));
    return matches ? undefined : 'signature';
  }

  #keyOf({ accessKeyId, day, region, service }: SignatureScope, { secretAccessKey }: Principal): Buffer {
    const name = `${accessKeyId}/${day}/${region}/${service}`;
    const known = this.#keys.get(name);
    if (known) return known;
    let key: string | Buffer = `AWS4${secretAccessKey}`;
    for (const step of [day, region, service, 'aws4_request']) {
      key = createHmac('sha256', key).update(step).digest();
    }
    if (this.#keys.size >= MOST_KEYS) this.#keys.clear();
    this.#keys.set(name, Buffer.from(key));
    return Buffer.from(key);
  }
}

function canonicalRequest({ method, path, headers, body }: SignedRequest, signedHeaders: string): string {
  const [route = '/', query = ''] = path.split(/\?(.*)/s);
  let lines = '';
  for (const name of signedHeaders.split(';')) {
    lines += `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`;
  }
  return [method, canonicalPath(route), canonicalQuery(query), lines, signedHeaders, sha256(body)].join('\n');
}

/** Without empty and dot segments, and encoded once more than it was sent (S3 alone differs). */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(percentEncode(segment));
  }
  return `/${segments.join('/')}${segments.length > 0 && path.endsWith('/') ? '/' : ''}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    return { name, value };
  });
  pairs.sort((one, other) => compare(one.name, other.name) || compare(one.value, other.value));
  return pairs.map(({ name, value }) => `${name}=${value}`).join('&');
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
