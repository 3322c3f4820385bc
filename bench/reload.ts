import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';
import { startHoldfast } from '../local/kit';
import { ProjectCopy } from '../test/support/project-copy';
import { quantile, table } from './statistics';

const SAVES = 15;
const SAVES_OF_ALL = 5;
const SOCKETS = 20;
/** Of the gateway and the services of this repository. */
const FUNCTIONS = 11;

/** From the save of a file to its code at work, while sockets are open. */
export async function benchReload(): Promise<void> {
  const copy = new ProjectCopy();
  const holdfast = await startHoldfast({ project: copy.root, watch: true });
  try {
    const clients = await Promise.all(
      Array.from({ length: SOCKETS }, async (_, n) => {
        const token = await holdfast.token(`user-${n}`);
        const client = new Centrifuge(holdfast.websocketUrl, { token, websocket: WebSocket });
        client.connect();
        await client.ready(10_000);
        return client;
      }),
    );
    let closed = 0;
    for (const client of clients) client.on('connecting', () => closed++);
    const [first] = clients;
    if (first === undefined) throw new Error('expected a client');
    const lambdas = join(copy.root, 'lambdas');
    const answers = await timesOf(SAVES, async (n) => {
      save(join(lambdas, 'services', 'echo', 'handler.ts'), (text) =>
        text.replace(/text: data.text[^,]*/, `text: data.text + '${n}'`),
      );
      const said = async () => (await first.rpc('echo.say', { text: 'save ' })).data.text;
      while ((await said()) !== `save ${n}`) await sleep(20);
    });
    const deployed = () => holdfast.log().split(/^reload .*: version/m).length - 1;
    const ofAll = await timesOf(SAVES_OF_ALL, async (n) => {
      const before = deployed();
      save(join(lambdas, 'contract', 'log.ts'), (text) => `${text}\nexport const save${n} = ${n};\n`);
      while (deployed() < before + FUNCTIONS) await sleep(5);
    });
    const row = (what: string, times: readonly number[]) => [
      what,
      String(times.length),
      ...[0.5, 0.99].map((share) => quantile(times, share).toFixed(0)),
    ];
    process.stdout.write(
      `reload on the local runtime, ${SOCKETS} sockets open, of which ${closed} closed, node ${process.version}\n${table(
        [
          ['saved', 'times', 'p50 ms', 'p99 ms'],
          row('a service, until its new code answers', answers),
          row(`a file of all ${FUNCTIONS} functions, until they are deployed`, ofAll),
        ],
      )}\n`,
    );
    for (const client of clients) client.disconnect();
  } finally {
    await holdfast.stop();
    copy.remove();
  }
}

function save(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

async function timesOf(count: number, work: (n: number) => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 1; n <= count; n += 1) {
    const startedAt = performance.now();
    await work(n);
    times.push(performance.now() - startedAt);
  }
  return times;
}
