import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';
import { endStack, launchStack } from '../test/support/launch-stack';
import { ProjectCopy } from '../test/support/project-copy';
import { tokenFor } from '../test/support/target';
import { quantile, table } from './statistics';

const SAVES = 15;
const SOCKETS = 20;

/** From the save of a function's file to the first answer of the new code, while sockets are open. */
export async function benchReload(): Promise<void> {
  const copy = new ProjectCopy();
  const { pid, target } = await launchStack({ name: 'bench-reload', basePort: 4500, root: copy.root });
  try {
    const clients = await Promise.all(
      Array.from({ length: SOCKETS }, async (_, n) => {
        const token = await tokenFor(target, `user-${n}`);
        const client = new Centrifuge(target.websocketUrl, { token, websocket: WebSocket });
        client.connect();
        await client.ready(10_000);
        return client;
      }),
    );
    let closed = 0;
    for (const client of clients) client.on('connecting', () => closed++);
    const [first] = clients;
    if (first === undefined) throw new Error('expected a client');
    const file = join(copy.root, 'lambdas', 'services', 'echo', 'handler.ts');
    const source = readFileSync(file, 'utf8');
    const times: number[] = [];
    for (let n = 1; n <= SAVES; n += 1) {
      const startedAt = performance.now();
      writeFileSync(file, source.replace('text: data.text', `text: data.text + '${n}'`));
      while ((await first.rpc('echo.say', { text: 'save ' })).data.text !== `save ${n}`);
      times.push(performance.now() - startedAt);
    }
    const row = [
      String(SAVES),
      ...[0.5, 0.99].map((share) => quantile(times, share).toFixed(0)),
      String(closed),
    ];
    process.stdout.write(
      `reload of echo on the local runtime, ${SOCKETS} sockets open, node ${process.version}\n` +
        `${table([['saves', 'p50 ms', 'p99 ms', 'sockets closed'], row])}\n`,
    );
    for (const client of clients) client.disconnect();
  } finally {
    await endStack(pid, target.directory);
    copy.remove();
  }
}
