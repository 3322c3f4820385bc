import { createHash, createHmac } from 'node:crypto';
import type { Principal } from '../../local/ports';

export interface Signable {
  readonly method: string;
  /** Without query, and without characters that would have to be encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The headers of a request that a principal signs, step by step as the documentation of Signature Version 4 has it. */
export function signedHeaders(
  principal: Principal,
  service: string,
  region: string,
  { method, path, headers, body }: Signable,
): Record<string, string> {
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const all: Record<string, string> = {
    ...headers,
    'x-amz-date': date,
    'x-amz-security-token': principal.sessionToken,
  };
  const names = Object.keys(all).sort();
  const lines = names.map((name) => `${name}:${all[name]}\n`).join('');
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const canonical = [method, path, '', lines, names.join(';'), hash(body)].join('\n');
  const scope = [date.slice(0, 8), region, service, 'aws4_request'];
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${principal.secretAccessKey}`);
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), hash(canonical)].join('\n');
  return {
    ...all,
    authorization: `AWS4-HMAC-SHA256 Credential=${principal.accessKeyId}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${hmac(key, text).toString('hex')}`,
  };
}
