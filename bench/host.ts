import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LambdaHost } from '../local/lambda/host';
import { median, quantile, table } from './statistics';

const ROUNDS = 7;
const INVOCATIONS = 5_000;
/** Longer than a sandbox stays awake without work. */
const PAUSE_MS = 30;
const PAUSED = 200;
const FUNCTIONS = join(__dirname, 'host-functions');
const EVENT = JSON.stringify({ body: 'x'.repeat(64) });
const BOOTSTRAP = join(__dirname, '..', 'local', 'lambda', 'bootstrap.cjs');

type Invoke = () => Promise<unknown>;

interface Round {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

/** What the Lambda host adds to a warm invocation, one after the other in one sandbox, and what a freeze costs. */
export async function benchHost(): Promise<void> {
  const floor = await startFloor();
  const host = new LambdaHost({
    log: {
      output: () => undefined,
      warn: (source, message) => process.stderr.write(`${source}: ${message}\n`),
    },
    targets: { deliver: async () => undefined },
  });
  host.createFunction({
    name: 'echo',
    codeDir: FUNCTIONS,
    handler: 'echo.handler',
    runtime: 'nodejs24.x',
    timeoutSeconds: 10,
    memoryMb: 256,
    environment: {},
    principal: {
      accessKeyId: 'A',
      secretAccessKey: 's',
      sessionToken: 't',
      arn: 'arn:aws:sts::0:assumed-role/r/s',
      senderId: 'A:s',
    },
  });
  try {
    const invoke: Invoke = () => host.invoke('echo', EVENT, 'RequestResponse');
    await measure(floor.invoke);
    await measure(invoke);
    const floors: Round[] = [];
    const hosts: Round[] = [];
    const thawed: number[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      floors.push(await measure(floor.invoke));
      hosts.push(await measure(invoke));
      thawed.push(await afterPauses(invoke));
    }
    const bare = median(floors.map(({ p50 }) => p50));
    const ours = median(hosts.map(({ p50 }) => p50));
    process.stdout.write(
      `Warm invocations of an echo, one after the other, ${INVOCATIONS} a round, medians of ${ROUNDS} rounds, node ${process.version}\n${table(
        [
          ['', 'p50, ms', 'p99, ms', 'invocations/s'],
          rowOf('Runtime API alone (floor)', floors),
          rowOf('Lambda host', hosts),
        ],
      )}\nadded by the host: ${(ours - bare).toFixed(3)} ms (goal: at most 0.25); after a freeze: ${median(thawed).toFixed(3)} ms in all\n`,
    );
  } finally {
    await host.close();
    floor.close();
  }
}

async function measure(invoke: Invoke): Promise<Round> {
  const samples: number[] = [];
  const begun = performance.now();
  for (let n = 0; n < INVOCATIONS; n++) samples.push(await timed(invoke));
  const seconds = (performance.now() - begun) / 1000;
  return { p50: median(samples), p99: quantile(samples, 0.99), perSecond: INVOCATIONS / seconds };
}

async function afterPauses(invoke: Invoke): Promise<number> {
  const samples: number[] = [];
  for (let n = 0; n < PAUSED; n++) {
    await sleep(PAUSE_MS);
    samples.push(await timed(invoke));
  }
  return median(samples);
}

async function timed(invoke: Invoke): Promise<number> {
  const begun = performance.now();
  await invoke();
  return performance.now() - begun;
}

function rowOf(name: string, rounds: readonly Round[]): string[] {
  const of = (figure: keyof Round) => median(rounds.map((round) => round[figure]));
  return [name, of('p50').toFixed(3), of('p99').toFixed(3), of('perSecond').toFixed(0)];
}

/** The same process behind the least that answers it: no limits, no clocks, no pool. */
async function startFloor(): Promise<{ readonly invoke: Invoke; close(): void }> {
  let poll: ServerResponse | undefined;
  let polled: () => void = () => undefined;
  let answered: (payload: string) => void = () => undefined;
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    if (request.method === 'GET') {
      poll = response;
      polled();
      return;
    }
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      response.writeHead(202, { 'Content-Length': 0 });
      response.end();
      answered(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const child: ChildProcess = spawn(process.execPath, [BOOTSTRAP], {
    env: {
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      LAMBDA_TASK_ROOT: FUNCTIONS,
      _HANDLER: 'echo.handler',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const invoke = async (): Promise<string> => {
    if (poll === undefined) await new Promise<void>((resolve) => (polled = resolve));
    const result = new Promise<string>((resolve) => (answered = resolve));
    poll?.writeHead(200, {
      'Content-Length': Buffer.byteLength(EVENT),
      'Lambda-Runtime-Aws-Request-Id': 'id',
      'Lambda-Runtime-Deadline-Ms': Date.now() + 10_000,
    });
    const response = poll;
    poll = undefined;
    response?.end(EVENT);
    return result;
  };
  return {
    invoke,
    close: () => {
      child.kill('SIGKILL');
      server.closeAllConnections();
      server.close();
    },
  };
}
