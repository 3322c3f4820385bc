import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPortBlock } from '../../local/command/port-block';
import { type LocalState, readState } from '../../local/command/state-file';

const root = join(__dirname, '..', '..');
/** Free when the tests begin, whatever else runs on this machine. */
let port: number;
let directory: string;
let child: ChildProcess | undefined;
let output: string;

beforeAll(async () => {
  ({ websocket: port } = await findPortBlock(0));
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-start-'));
  output = '';
});
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
  rmSync(directory, { recursive: true, force: true });
});

function start(...more: string[]): Promise<number | null> {
  const started = spawn(
    process.execPath,
    ['--import', 'tsx', 'local/main.ts', '--dir', directory, '--port', String(port), ...more],
    { cwd: root },
  );
  child = started;
  for (const stream of [started.stdout, started.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return new Promise((resolve) => started.once('close', resolve));
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not there yet: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function ready(): Promise<LocalState> {
  let state: LocalState | undefined;
  await until(() => {
    state = output.includes('is ready') ? readState(directory) : undefined;
    return state !== undefined;
  });
  if (!state) throw new Error('unreachable: the state was there a moment ago');
  return state;
}

/** Processes whose command line names the folder of this run; functions are found by their parent's group. */
function processesBelow(pid: number): string[] {
  const rows = execFileSync('ps', ['-axo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return rows.filter((row) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(row);
    if (!match || match[3]?.startsWith('Z')) return false;
    return Number(match[2]) === pid || (match[4] ?? '').includes(directory);
  });
}

function occupy(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

describe('npm start', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends everything within 5 s of %s',
    async (signal) => {
      const ended = start();
      const state = await ready();
      const response = await fetch(`${state.serverApiUrl}/info`, { method: 'POST' });
      expect(response.status).toBe(401);
      expect((await fetch(state.webUrl)).status).toBe(200);
      const children = processesBelow(state.pid);
      expect(children.join('\n')).toMatch(/redis-server|valkey-server/);
      expect(children.join('\n')).toMatch(/bootstrap\.cjs/);

      const stopped = Date.now();
      process.kill(state.pid, signal);
      expect(await ended).toBe(0);
      expect(Date.now() - stopped).toBeLessThan(5_000);
      expect(processesBelow(state.pid)).toEqual([]);
      expect(existsSync(join(directory, 'local.json'))).toBe(false);
    },
    90_000,
  );

  it('leaves no process behind when it is killed', async () => {
    start();
    const state = await ready();
    process.kill(state.pid, 'SIGKILL');
    const deadline = Date.now() + 5_000;
    while (processesBelow(state.pid).length > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(processesBelow(state.pid)).toEqual([]);
  }, 90_000);

  it('moves the whole block of ports when one is taken, and says so', async () => {
    const occupied = await occupy(port + 2);
    try {
      start();
      const state = await ready();
      const ports = [state.websocketUrl, state.serverApiUrl, state.webUrl, state.awsEndpointUrl].map((url) =>
        Number(new URL(url).port),
      );
      expect(ports).toEqual([port + 10, port + 11, port + 12, port + 13]);
      expect(output).toMatch(/taken/);
    } finally {
      occupied.close();
    }
  }, 90_000);

  it('writes the whole contract into local.json', async () => {
    start();
    await ready();
    const state = JSON.parse(readFileSync(join(directory, 'local.json'), 'utf8'));
    expect(state).toEqual({
      pid: child?.pid,
      websocketUrl: `ws://localhost:${port}/local`,
      callbackUrl: `http://localhost:${port}/local`,
      serverApiUrl: expect.stringMatching(`^http://localhost:${port + 1}/.*api$`),
      apiKey: expect.stringMatching(/^.{20,}$/),
      webUrl: `http://localhost:${port + 2}`,
      controlUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      controlToken: expect.stringMatching(/^.{32}$/),
      awsEndpointUrl: `http://localhost:${port + 3}`,
      redisUrl: expect.stringMatching(/^redis:\/\//),
      region: 'us-east-1',
      account: '000000000000',
    });
  }, 90_000);

  it('steps aside for a second stack in the same folder, and is found again when that one ends', async () => {
    start();
    const first = await ready();
    const firstChild = child;
    output = '';
    const ended = start();
    await until(() => readState(directory)?.pid === child?.pid);
    expect(output).toContain(`Another stack runs here (pid ${first.pid}`);
    child?.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(readState(directory)).toEqual(first);
    child = firstChild;
  }, 90_000);

  it('ends at once while it is still bundling', async () => {
    const ended = start();
    await until(() => output.includes('starts on ports'));
    const stopped = Date.now();
    child?.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(Date.now() - stopped).toBeLessThan(5_000);
    expect(processesBelow(child?.pid ?? 0)).toEqual([]);
    expect(output).not.toContain('cannot start');
  }, 60_000);

  it('refuses a wrong configuration with path, expected and got', async () => {
    const config = join(directory, 'config.json');
    writeFileSync(config, JSON.stringify({ namespaces: { room: { historySize: 'many' } }, limts: {} }));
    expect(await start('--config', config)).toBe(1);
    expect(output).toContain('namespaces.room.historySize');
    expect(output).toMatch(/expected .*got/i);
    expect(output).toContain('limts');
  }, 60_000);

  it.each([
    [['--port', 'x'], /--port: expected 0 or a whole number/],
    [['--nonsense'], /nonsense/],
    [['--config', '/does/not/exist.json'], /--config: expected a file/],
  ])(
    'refuses the arguments %j',
    async (args, message) => {
      expect(await start(...args)).toBe(2);
      expect(output).toMatch(message);
    },
    30_000,
  );
});
