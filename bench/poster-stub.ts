import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

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

const TAKEN = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
const THROTTLED = 'HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n';

const HEAD_END = '\r\n\r\n';

/** Counts the requests that come through a socket: what Node's server does beyond that costs as much as the poster that is measured. */
class RequestCounter {
  #rest: Buffer = Buffer.alloc(0);

  /** How many requests end in this piece. */
  ended(piece: Buffer): number {
    let data = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let count = 0;
    for (;;) {
      const end = data.indexOf(HEAD_END);
      if (end < 0) break;
      const length = /\r\ncontent-length: *(\d+)/i.exec(data.toString('latin1', 0, end))?.[1] ?? '0';
      const next = end + HEAD_END.length + Number(length);
      if (data.length < next) break;
      count++;
      data = data.subarray(next);
    }
    this.#rest = data;
    return count;
  }
}

/** Stands for the service: answers every request after some milliseconds. Tells its parent the port. */
function serve({ pemFile, answerMs = ANSWER_MS, limit }: StubOptions): void {
  const takes = limit === undefined ? () => true : bucketOf(limit);
  const listener = (socket: Socket) => {
    const requests = new RequestCounter();
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => {
      for (let left = requests.ended(piece); left > 0; left--) {
        const answer = takes() ? TAKEN : THROTTLED;
        setTimeout(() => socket.writable && socket.write(answer, 'latin1'), answerMs);
      }
    });
  };
  const pem = pemFile === undefined ? undefined : readFileSync(pemFile);
  const server = pem ? createTlsServer({ key: pem, cert: pem }, listener) : createServer(listener);
  server.listen(0, '127.0.0.1', () => process.send?.(Object(server.address()).port));
  // Asked for anything, it says what it has used.
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
}

serve(JSON.parse(process.argv[2] ?? '{}') as StubOptions);
