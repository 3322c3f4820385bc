import WebSocket from 'ws';
import startStack from '../test/support/start-stack';
import stopStack from '../test/support/stop-stack';
import { readTarget, type Target, tokenFor } from '../test/support/target';
import { median, quantile, table } from './statistics';

const SECONDS = 5;
const WARM_UP_SECONDS = 2;

interface Load {
  readonly name: string;
  readonly command: (channel: string) => object;
}

/** The floor is a ping: the same socket, ingress, Redis look-up and post, without bus and business function. */
const loads: readonly Load[] = [
  { name: 'ping (floor)', command: () => ({ ping: {} }) },
  { name: 'echo.say', command: () => ({ rpc: { method: 'echo.say', data: { text: 'x'.repeat(64) } } }) },
  { name: 'publish', command: (channel) => ({ publish: { channel, data: { text: 'x'.repeat(64) } } }) },
];

/** Command to reply on the local runtime, one command in flight per connection. */
export async function benchRoundTrip(): Promise<void> {
  await startStack();
  try {
    const target = readTarget();
    const rows = [['command', 'connections', 'replies/s', 'p50 ms', 'p99 ms', 'p50 / ping']];
    for (const connections of [1, 10]) {
      let floor = Number.NaN;
      for (const load of loads) {
        await measure(target, load, connections, WARM_UP_SECONDS);
        const samples = await measure(target, load, connections, SECONDS);
        if (load === loads[0]) floor = median(samples);
        rows.push([
          load.name,
          String(connections),
          (samples.length / SECONDS).toFixed(0),
          median(samples).toFixed(1),
          quantile(samples, 0.99).toFixed(1),
          (median(samples) / floor).toFixed(2),
        ]);
      }
    }
    process.stdout.write(
      `Round trips on the local runtime, ${SECONDS} s each, node ${process.version}\n${table(rows)}\n`,
    );
  } finally {
    await stopStack();
  }
}

async function measure(target: Target, load: Load, connections: number, seconds: number): Promise<number[]> {
  const token = await tokenFor(target, 'bench');
  const until = Date.now() + seconds * 1000;
  const perConnection = await Promise.all(
    Array.from({ length: connections }, (_, n) =>
      loop(`${target.websocketUrl}?token=${token}`, load, n, until),
    ),
  );
  return perConnection.flat();
}

/** Sends, waits for the reply, sends again. Returns milliseconds per command. */
function loop(url: string, load: Load, n: number, until: number): Promise<number[]> {
  const socket = new WebSocket(url);
  const samples: number[] = [];
  const channel = `room:bench-${n}`;
  let id = 0;
  let sent = 0n;
  const send = () => {
    sent = process.hrtime.bigint();
    socket.send(JSON.stringify({ id: ++id, ...load.command(channel) }));
  };
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', send);
    socket.once('close', () => resolve(samples));
    socket.on('message', (data: Buffer) => {
      const reply = JSON.parse(data.toString()) as { id?: number; error?: unknown };
      if (reply.error) reject(new Error(`expected a result, got ${data.toString()}`));
      if (reply.id !== id) return;
      samples.push(Number(process.hrtime.bigint() - sent) / 1e6);
      if (Date.now() < until) send();
      else socket.close();
    });
  });
}
