import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Cluster, Redis } from 'iovalkey';
import { CACHE_ACCESS_STRING } from '../../lambdas/contract/cache-access';
import { RedisStartError, type RunningRedis, startRedis } from '../../local/redis/cluster';
import { findRedis } from '../../local/redis/find';
import type { RedisBinary } from '../../local/redis/server-binary';
import { connectTestRedis, operatorRedis } from '../support/redis';

const root = join(__dirname, '..', '..');
const user = { user: 'holdfast', password: 'pass "word" #1', accessString: CACHE_ACCESS_STRING };

let folder: string;
let binary: RedisBinary;
let redis: RunningRedis;
let functions: Cluster;
let startMs: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast redis '));
  binary = await findRedis({ say: () => undefined, projectDir: root });
  const startedAt = performance.now();
  redis = await startRedis({ binary, dir: join(folder, 'main'), ...user });
  startMs = performance.now() - startedAt;
  functions = await connectTestRedis({ ...redis, port: redis.tlsPort });
}, 120_000);

afterAll(async () => {
  functions?.disconnect();
  await redis?.stop();
  await rm(folder, { recursive: true, force: true });
});

const operator = async <T>(work: (client: Redis) => Promise<T>): Promise<T> => {
  const client = operatorRedis(redis.operatorUrl);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
};

describe('a local Redis', () => {
  it('does not wait the two seconds of a restarted primary', () => {
    // Alone it takes 50 ms; the margin is for busy machines.
    expect(startMs).toBeLessThan(1500);
  });

  it('serves every slot from one node, addressed by the name in its certificate', async () => {
    const [slots, ...others] = await functions.cluster('SLOTS');
    const [first, last, node] = slots ?? [];
    expect([first, last, node?.slice(0, 2)]).toEqual([0, 16383, ['localhost', redis.tlsPort]]);
    expect(others).toEqual([]);
  });

  it('names the plain port to a client of the plain port', async () => {
    const [slots] = await operator((client) => client.cluster('SLOTS'));
    expect(slots?.[2]?.slice(0, 2)).toEqual(['localhost', redis.plainPort]);
  });

  it('refuses a script over two slots', async () => {
    const two = functions.eval('return 1', 2, 'hf1:{a}', 'hf1:{b}');
    // The client itself refuses keys of two slots by their count of slots; the server does so for one that does not look.
    await expect(two).rejects.toThrow(/CROSSSLOT|same slot/);
    await expect(operator((client) => client.eval('return 1', 2, 'hf1:{a}', 'hf1:{b}'))).rejects.toThrow(
      'CROSSSLOT',
    );
    await expect(operator((client) => client.mset('{a}', '1', '{b}', '2'))).rejects.toThrow('CROSSSLOT');
  });

  it('evicts only keys with a TTL when its memory is full, and without any left takes no more', async () => {
    const dir = join(folder, 'small');
    const small = await startRedis({ binary, dir, ...user, maxMemoryMb: 8 });
    const client = operatorRedis(small.operatorUrl);
    try {
      const value = 'x'.repeat(64 * 1024);
      await client.set('kept', value);
      for (let at = 0; at < 300; at += 1) await client.set(`volatile:${at}`, value, 'EX', 600);
      const left = await client.dbsize();
      expect(left).toBeLessThan(150);
      expect(await client.get('kept')).toBe(value);
      expect(await client.get('volatile:299')).toBe(value);
      expect(await client.get('volatile:0')).toBeNull();

      const fill = async () => {
        for (let at = 0; at < 300; at += 1) await client.set(`more:${at}`, value);
      };
      await expect(fill()).rejects.toThrow(/^OOM command not allowed/);
      expect(await client.get('kept')).toBe(value);
      expect(await client.keys('volatile:*')).toEqual([]);
    } finally {
      client.disconnect();
      await small.stop();
    }
  });

  it('has the policy of ElastiCache Serverless, keeps nothing on disk, and lets nobody in without a user', async () => {
    const settings = await operator(
      (client) =>
        client.config('GET', 'maxmemory-policy', 'save', 'appendonly', 'maxmemory') as Promise<string[]>,
    );
    expect(Object.fromEntries(pairs(settings))).toEqual({
      'maxmemory-policy': 'volatile-lru',
      save: '',
      appendonly: 'no',
      maxmemory: String(256 * 1024 * 1024),
    });
    const stranger = new Redis({
      port: redis.plainPort,
      lazyConnect: true,
      enableReadyCheck: false,
      retryStrategy: () => null,
    });
    await stranger.connect();
    await expect(stranger.ping()).rejects.toThrow('NOAUTH');
    stranger.disconnect();
  });

  it('is trusted only by who has its authority', async () => {
    const client = new Redis({
      host: 'localhost',
      port: redis.tlsPort,
      tls: {},
      lazyConnect: true,
      retryStrategy: () => null,
    });
    const refused = new Promise<Error>((resolve) => client.once('error', resolve));
    await client.connect().catch(() => undefined);
    expect((await refused).message).toMatch(/self-signed|unable to verify/);
  });

  it('is trusted by a Node process with NODE_EXTRA_CA_CERTS, under its name and its address', async () => {
    const script = `for (const host of ['localhost', '127.0.0.1'])
      require('node:tls').connect({ host, port: ${redis.tlsPort} }, function () { console.log(this.authorized); this.end(); });`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: redis.caFile },
    });
    expect(stdout).toBe('true\ntrue\n');
  });
});

describe("the functions' user", () => {
  it('may run scripts over hashes, streams, strings and sorted sets', async () => {
    const sha = (await functions.script('LOAD', 'return redis.call("INCR", KEYS[1])')) as string;
    expect(await functions.evalsha(sha, 1, 'hf1:{x}:count')).toBe(1);
    const script = `redis.call('HSET', KEYS[1], 'a', 1, 'b', 2)
      redis.call('HINCRBY', KEYS[1], 'a', 1)
      redis.call('EXPIRE', KEYS[1], 60)
      redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10, '1-0', 'd', '{}')
      redis.call('ZADD', KEYS[3], 'GT', redis.call('TIME')[1], 'm')
      redis.call('SET', KEYS[4], 'v', 'PX', 1000, 'NX')
      return {redis.call('HGET', KEYS[1], 'a'), #redis.call('XRANGE', KEYS[2], '-', '+'), redis.call('ZCARD', KEYS[3]), redis.call('TTL', KEYS[1])}`;
    const result = await functions.eval(script, 4, 'hf1:{x}:h', 'hf1:{x}:s', 'hf1:{x}:z', 'hf1:{x}:v');
    expect(result).toEqual(['2', 1, 1, 60]);
    expect(await functions.unlink('hf1:{x}:h', 'hf1:{x}:s', 'hf1:{x}:z')).toBe(3);
  });

  it('may nothing that administers, empties, lists or leaves its keys', async () => {
    const attempts: ReadonlyArray<readonly [string, ...string[]]> = [
      ['FLUSHALL'],
      ['FLUSHDB'],
      ['CONFIG', 'GET', '*'],
      ['KEYS', '*'],
      ['SCAN', '0'],
      ['ACL', 'LIST'],
      ['CLIENT', 'KILL', 'TYPE', 'normal'],
      ['CLUSTER', 'RESET'],
      ['SCRIPT', 'FLUSH'],
      ['SHUTDOWN'],
      ['REPLICAOF', 'NO', 'ONE'],
      ['PUBLISH', 'hf1', 'x'],
    ];
    const restricted = new Redis({
      host: redis.host,
      port: redis.tlsPort,
      username: user.user,
      password: user.password,
      tls: { ca: await readFile(redis.caFile) },
    });
    try {
      for (const [command, ...args] of attempts) {
        await expect(restricted.call(command, ...args)).rejects.toThrow('NOPERM');
      }
      await expect(restricted.get('other')).rejects.toThrow('NOPERM');
      await expect(restricted.eval('return redis.call("FLUSHALL")', 0)).rejects.toThrow(
        /NOPERM|can't run this command|no permissions/,
      );
    } finally {
      restricted.disconnect();
    }
  });
});

describe('the life of a local Redis', () => {
  it('ends within two seconds of stop, which may be called again', async () => {
    const other = await startRedis({ binary, dir: join(folder, 'stop'), ...user });
    const startedAt = performance.now();
    await Promise.all([other.stop(), other.stop()]);
    await other.ended;
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(isAlive(other.pid)).toBe(false);
  });

  it('starts again on the port it had, empty', async () => {
    const before = await startRedis({ binary, dir: join(folder, 'again'), ...user });
    await before.stop();
    const after = await startRedis({ binary, dir: join(folder, 'again'), ...user, port: before.tlsPort });
    expect(after.tlsPort).toBe(before.tlsPort);
    await after.stop();
  });

  it('reports a given port that is taken', async () => {
    const start = startRedis({ binary, dir: join(folder, 'taken'), ...user, port: redis.tlsPort });
    await expect(start).rejects.toThrow(/in use|Failed listening/i);
  });

  it("reports a bad access string with the server's own words", async () => {
    const start = startRedis({ binary, dir: join(folder, 'bad'), ...user, accessString: 'on ~* +@nothing' });
    await expect(start).rejects.toThrow(RedisStartError);
    await expect(start).rejects.toThrow('+@nothing');
  });

  it('does not outlive a process that was killed', async () => {
    const script = join(folder, 'orphan.ts');
    await writeFile(
      script,
      `import { startRedis } from ${JSON.stringify(join(root, 'local/redis/cluster'))};
       startRedis(${JSON.stringify({ binary, dir: join(folder, 'orphan'), ...user })}).then((redis) => {
         process.stdout.write(String(redis.pid));
         setInterval(() => undefined, 1000);
       });`,
    );
    const parent = spawn(process.execPath, ['--import', 'tsx', script], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = (await new Promise((resolve) =>
      parent.stdout.once('data', (...data) => resolve(data)),
    )) as [Buffer];
    const pid = Number(String(output));
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    const deadline = performance.now() + 2000;
    while ((await isRunning(pid)) && performance.now() < deadline) await sleep(20);
    expect(await isRunning(pid)).toBe(false);
  }, 20_000);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Like `isAlive`, but an ended process that nobody has waited for (PID 1 of a container may not) does not count. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined ? isAlive(pid) : !/\) [ZX] /.test(stat);
}

function pairs(list: readonly string[]): [string, string][] {
  return list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] ?? ''] as [string, string]] : []));
}
