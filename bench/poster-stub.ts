import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/** What API Gateway takes for a post inside of a region, roughly. */
const ANSWER_MS = 8;

export interface StubOptions {
  /** File with key and certificate: it serves TLS. */
  readonly pemFile?: string;
  /** From a request to its answer. @default 8 */
  readonly answerMs?: number;
  /** What is above is answered with 429. @default - takes everything */
  readonly limit?: { readonly perSecond: number; readonly burst: number };
}

/** A token bucket, as API Gateway throttles an account. */
function bucketOf({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }) {
  let tokens = burst;
  let at = performance.now();
  return (): boolean => {
    const now = performance.now();
    tokens = Math.min(burst, tokens + ((now - at) * perSecond) / 1000);
    at = now;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}

/** Stands for the service: answers every request after some milliseconds. Tells its parent the port. */
function serve({ pemFile, answerMs = ANSWER_MS, limit }: StubOptions): void {
  const takes = limit === undefined ? () => true : bucketOf(limit);
  const listener: RequestListener = (request, response) => {
    const status = takes() ? 200 : 429;
    request.resume().on('end', () => {
      setTimeout(() => response.writeHead(status, { 'content-length': 0 }).end(), answerMs);
    });
  };
  const pem = pemFile === undefined ? undefined : readFileSync(pemFile);
  const server = pem ? createTlsServer({ key: pem, cert: pem }, listener) : createServer(listener);
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send?.(Object(server.address()).port));
}

serve(JSON.parse(process.argv[2] ?? '{}') as StubOptions);
