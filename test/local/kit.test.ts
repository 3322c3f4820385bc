import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jwtVerify } from 'jose';
import {
  ControlRefusedError,
  type Holdfast,
  HoldfastStartError,
  HoldfastStopError,
  startHoldfast,
} from '../../local/kit';
import { BARE_SECRET, invoke, writeBarePlatform } from './bare-platform';

const ROOT = join(__dirname, '..', '..');

let folder: string;
let assembly: string;
let stacks: Holdfast[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-kit-'));
  assembly = writeBarePlatform(join(folder, 'cdk.out'));
  const faults = { invocations: { function: 'teller', share: 0.5, throttle: true } };
  stacks = await Promise.all([1, 2].map(() => startHoldfast({ assembly, seed: 5, faults })));
}, 60_000);
afterAll(async () => {
  for (const { directory, stop } of stacks ?? []) if (existsSync(directory)) await stop();
  rmSync(folder, { recursive: true, force: true });
});

const stack = (index: number): Holdfast => {
  const found = stacks[index];
  if (!found) throw new Error(`expected a stack ${index}, got none`);
  return found;
};

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition() && Date.now() < deadline) await sleep(20);
  expect(condition()).toBe(true);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('startHoldfast', () => {
  it('runs stacks beside each other on any free ports', () => {
    const ports = stacks.map(({ awsEndpointUrl }) => Number(new URL(awsEndpointUrl).port));
    expect(new Set(ports).size).toBe(2);
    expect(stack(0)).toMatchObject({
      environment: 'local',
      websocketUrl: 'ws://localhost:1/local',
      apiKey: 'key',
    });
  });

  it('signs tokens as the platform takes them', async () => {
    const token = await stack(0).token('alice', { ttlSeconds: 60, channels: ['room:1'] });
    const { payload } = await jwtVerify(token, new TextEncoder().encode(BARE_SECRET));
    expect(payload).toMatchObject({ sub: 'alice', channels: ['room:1'] });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
  });

  it('has its faults from the beginning, the same for the same seed, and takes them back', async () => {
    const outcomes = async ({ awsEndpointUrl }: Holdfast) => {
      const statuses: number[] = [];
      for (let n = 0; n < 12; n += 1) statuses.push(await invoke(awsEndpointUrl, 'teller', { n }));
      return statuses;
    };
    const [first, second] = await Promise.all(stacks.map(outcomes));
    expect(new Set(first)).toEqual(new Set([200, 429]));
    expect(second).toEqual(first);
    await stack(0).faults.clear();
    expect(new Set(await outcomes(stack(0)))).toEqual(new Set([200]));
  });

  it('shows what functions print', async () => {
    await invoke(stack(0).awsEndpointUrl, 'other', { told: 'something' });
    await until(() => /other +\| \{"told":"something"\}/.test(stack(0).log()));
  });

  it('refuses a fault that cannot be with expected and got, and leaves nothing running', async () => {
    const directory = join(folder, 'refused');
    const bad = { posts: { share: 2 } };
    const refused = startHoldfast({ assembly, directory, faults: bad });
    await expect(refused).rejects.toThrow(ControlRefusedError);
    await expect(refused).rejects.toThrow('posts.share: expected a number from 0 to 1, got 2');
    expect(existsSync(directory)).toBe(false);
  }, 30_000);

  it('says why it did not start', async () => {
    const missing = join(folder, 'none');
    const failed = startHoldfast({ assembly: missing, directory: join(folder, 'failed') });
    await expect(failed).rejects.toThrow(HoldfastStartError);
    await expect(failed).rejects.toThrow(
      `--assembly: expected the folder of a synthesized assembly, got ${missing}, which does not exist`,
    );
  }, 30_000);

  it('refuses a configuration for a platform that has its own', async () => {
    const failed = startHoldfast({ assembly, config: {}, directory: join(folder, 'configured') });
    await expect(failed).rejects.toThrow(
      '--config: expected a platform that is synthesized for this run, got one that has its own in',
    );
  }, 30_000);

  it('ends with the process that has started it', async () => {
    const script = `require(${JSON.stringify(join(ROOT, 'local', 'kit'))}).startHoldfast({ assembly: ${JSON.stringify(assembly)}, directory: ${JSON.stringify(join(folder, 'orphan'))} }).then(({ pid }) => console.log(pid))`;
    const parent = spawn(
      process.execPath,
      ['--import', 'tsx', '-e', `${script}; setInterval(() => {}, 1000);`],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))),
    );
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pid));
  }, 30_000);

  it('ends with stop, which removes its folder; what has ended by itself is no success', async () => {
    const { pid, directory, stop } = stack(0);
    await stop();
    expect([isAlive(pid), existsSync(directory)]).toEqual([false, false]);
    const other = stack(1);
    process.kill(other.pid, 'SIGKILL');
    await until(() => !isAlive(other.pid));
    await expect(other.stop()).rejects.toThrow('got one that had ended (SIGKILL)');
    await expect(other.stop()).rejects.toThrow(HoldfastStopError);
    expect(existsSync(other.logFile)).toBe(true);
    rmSync(other.directory, { recursive: true, force: true });
  }, 30_000);
});
