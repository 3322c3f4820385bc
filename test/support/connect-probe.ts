import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { type Target, tokenFor } from './target';

/** What a probe of handshakes has seen. */
export interface Connects {
  /** From the call until the socket is open, ms. */
  readonly latencies: readonly number[];
  /** Why handshakes failed. */
  readonly failures: readonly string[];
}

/** Opens sockets one after the other, so many a second at most, and closes each at once. */
export async function probeConnects(
  target: Target,
  milliseconds: number,
  perSecond: number,
): Promise<Connects> {
  const url = `${target.websocketUrl}?token=${await tokenFor(target, 'prober')}`;
  const latencies: number[] = [];
  const failures: string[] = [];
  const started = performance.now();
  const attempts: Promise<void>[] = [];
  for (let n = 0; ; n++) {
    const due = (n * 1000) / perSecond;
    if (due >= milliseconds) break;
    // By the clock and not by the last answer: a slow time must not hide in fewer samples.
    await sleep(Math.max(0, started + due - performance.now()));
    attempts.push(
      connect(url).then(
        (latency) => void latencies.push(latency),
        (error: Error) => void failures.push(error.message),
      ),
    );
  }
  await Promise.all(attempts);
  return { latencies, failures };
}

function connect(url: string): Promise<number> {
  const begun = performance.now();
  const socket = new WebSocket(url, { handshakeTimeout: 10_000 });
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      resolve(performance.now() - begun);
      socket.close();
    });
    socket.on('error', reject);
  });
}
