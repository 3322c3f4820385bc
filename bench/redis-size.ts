import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { channelKeys, connectionKey, partitionKey } from '../lambdas/gateway/core/keys';
import { inParallel } from '../lambdas/gateway/core/parallel';
import type { Poster } from '../lambdas/gateway/core/ports';
import type { RedisScript, ScriptRunner } from '../lambdas/gateway/core/redis-script';
import { type BenchRedis, type Core, coreOn, publicationOf, recordOf, withRedis } from './redis-core';
import { median, table } from './statistics';

const COUNT = 100_000;
const SMALL_CHANNEL_MEMBERS = 100;
const AT_ONCE = 200;
/** Connections that sent frames before they were idle, and how many; the last 16 are remembered. */
const TALKATIVE = 1_000;
const FRAMES = 20;
const PUBLICATIONS = 25;

const BIG_CHANNEL = 'room:lobby';
const CONNECT = JSON.stringify({ id: 1, connect: { token: 'x'.repeat(200), name: 'js' } });

/** What connections and subscriptions take in Redis, and how long it is blocked by the channel with the most members. */
export async function benchRedisSize(): Promise<void> {
  await withRedis(1024, async (redis) => {
    const names = new ScriptNames(redis.scripts);
    const poster = new CountingPoster();
    const core = coreOn(names, poster);
    const connections = Array.from({ length: COUNT }, () => randomBytes(11).toString('base64'));
    const rows = [[`${COUNT} of each`, 'bytes', 'of these in hashes', 'a hash']];

    const perConnection = await grown(redis, COUNT, () =>
      inParallel(connections, AT_ONCE, (connection) => connect(core, connection)),
    );
    const [sample = ''] = connections;
    rows.push(['idle connection', perConnection.toFixed(0), ...(await hashOf(redis, connectionKey(sample)))]);
    const talkative = Array.from({ length: TALKATIVE }, () => randomBytes(11).toString('base64'));
    const perTalkative = await grown(redis, TALKATIVE, () =>
      inParallel(talkative, AT_ONCE, (connection) => talk(core, connection)),
    );
    const talked = await hashOf(redis, connectionKey(talkative[0] ?? ''));
    rows.push([`the same after ${FRAMES} frames`, perTalkative.toFixed(0), ...talked]);

    const layouts = [
      { name: 'one channel', channelOf: () => BIG_CHANNEL, partitionMembers: 500 },
      {
        name: `channels of ${SMALL_CHANNEL_MEMBERS}`,
        channelOf: (index: number) => `room:${index % (COUNT / SMALL_CHANNEL_MEMBERS)}`,
        partitionMembers: SMALL_CHANNEL_MEMBERS,
      },
    ];
    for (const [layout, { name, channelOf, partitionMembers }] of layouts.entries()) {
      const before = await sizeOf(redis, connectionKey(sample));
      const perSubscription = await grown(redis, COUNT, async () => {
        await inParallel([...connections.entries()], AT_ONCE, ([index, connection]) => {
          // Ids count on from the connect command's.
          const command = { id: layout + 2, subscribe: { channel: channelOf(index) } };
          return core.ingress.handle(connection, JSON.stringify(command));
        });
        if (poster.subscribed !== (layout + 1) * COUNT) {
          throw new Error(`expected ${(layout + 1) * COUNT} subscriptions, got ${poster.subscribed}`);
        }
      });
      const partition = partitionKey(channelOf(0), 0);
      const inConnection = (await sizeOf(redis, connectionKey(sample))) - before;
      const inPartition = (await sizeOf(redis, partition)) / partitionMembers;
      rows.push([
        `subscription, ${name}`,
        perSubscription.toFixed(0),
        `${inConnection} connection, ${inPartition.toFixed(0)} partition`,
        (await hashOf(redis, partition))[1],
      ]);
    }
    for (const { name, channelOf } of layouts) {
      const perMember = await grown(redis, COUNT, () =>
        inParallel([...connections.entries()], AT_ONCE, ([index, connection]) => {
          const nonce = randomBytes(6).toString('base64url');
          const info = { user: randomUUID(), client: connection };
          const arrival = { connection, nonce, info, lifecycle: false, listens: false };
          return core.presence.appear(channelOf(index), arrival);
        }),
      );
      const { members, users, leases } = channelKeys(channelOf(0));
      const count = await redis.operator.hlen(members);
      const sizes = await Promise.all([members, users, leases].map((key) => sizeOf(redis, key)));
      const [inMembers, inUsers, inLeases] = sizes.map((bytes) => (bytes / count).toFixed(0));
      rows.push([
        `presence, ${name}`,
        perMember.toFixed(0),
        `${inMembers} members, ${inUsers} users, ${inLeases} leases`,
        (await hashOf(redis, members))[1],
      ]);
    }
    process.stdout.write(`Redis ${redis.version}, bytes by used_memory\n${table(rows)}\n`);
    process.stdout.write(`${await slowest(redis, core, names)}\n`);
  });
}

/** Accepts every post, and counts the replies that subscribed. */
class CountingPoster implements Poster {
  subscribed = 0;

  async post(_: string, frame: string) {
    if (frame.includes('"subscribe":')) this.subscribed++;
    return 'ok' as const;
  }

  async close() {
    return 'ok' as const;
  }
}

/** As an SDK client: a handshake without a token, then its connect command; with what is kept of it elsewhere. */
async function connect({ connections, inbox, due, users }: Core, connection: string): Promise<void> {
  const at = Date.now();
  const token = randomBytes(9).toString('base64url');
  const place = { first: 1, last: 1, contiguous: true, connects: true, refusable: false, cost: 1 };
  await connections.open(connection, undefined);
  await due.note(connection, at + 10_000);
  await inbox.enter(connection, token, { ...place, text: CONNECT, commands: [], at });
  const issuedAt = Math.floor(at / 1000);
  const identity = { user: randomUUID(), expiresAt: issuedAt + 3600, issuedAt, channels: [] };
  await connections.connect(connection, identity, token.slice(0, 8));
  await users.enter(connection, identity);
  await inbox.next(connection, token, 1, at, true);
}

/** Connects and sends a frame after the other. */
async function talk(core: Core, connection: string): Promise<void> {
  await connect(core, connection);
  for (let id = 2; id < FRAMES + 2; id++) {
    await core.ingress.handle(connection, JSON.stringify({ id, ping: {} }));
  }
}

/** Bytes by which Redis grew for each of `count`. */
async function grown(
  { scripts, operator }: BenchRedis,
  count: number,
  work: () => Promise<unknown>,
): Promise<number> {
  const before = await usedMemory(operator);
  await work();
  // What belongs to the client's sockets is not the work's, nor are tables that are still being resized.
  await scripts.disconnect();
  await sleep(1_000);
  return ((await usedMemory(operator)) - before) / count;
}

async function usedMemory(operator: BenchRedis['operator']): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await operator.info('memory'))?.[1]);
}

async function sizeOf({ operator }: BenchRedis, key: string): Promise<number> {
  return Number(await operator.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'));
}

/** Bytes of a hash, and how it is kept. */
async function hashOf(redis: BenchRedis, key: string): Promise<[bytes: string, kept: string]> {
  const encoding = String(await redis.operator.call('OBJECT', 'ENCODING', key));
  const fields = await redis.operator.hlen(key);
  return [String(await sizeOf(redis, key)), `${encoding} of ${fields}`];
}

/** Every command's time in Redis while publications are appended and one partition of the big channel is drained. */
async function slowest({ operator }: BenchRedis, core: Core, names: ScriptNames): Promise<string> {
  await operator.config('SET', 'slowlog-max-len', '10000');
  await operator.config('SET', 'slowlog-log-slower-than', '0');
  const byScript = new Map<string, number[]>();
  for (let n = 0; n < PUBLICATIONS; n++) {
    await operator.slowlog('RESET');
    await core.courier.handle([recordOf(publicationOf(BIG_CHANNEL, { text: 'x'.repeat(64) }))]);
    const log = (await operator.slowlog('GET', -1)) as [number, number, number, string[]][];
    const most = new Map<string, number>();
    for (const [, , microseconds, command] of log) {
      const name = names.of(command);
      if (name !== undefined) most.set(name, Math.max(most.get(name) ?? 0, microseconds));
    }
    for (const [name, microseconds] of most) {
      byScript.set(name, [...(byScript.get(name) ?? []), microseconds]);
    }
  }
  const rows = [...byScript]
    .sort(([, a], [, b]) => median(b) - median(a))
    .map(([name, times]) => [name, median(times).toFixed(0), String(Math.max(...times))]);
  return (
    `Slowest call of each script in Redis per publication to ${COUNT} members, one partition drained, ` +
    `${PUBLICATIONS} publications\n${table([['script', 'median us', 'most us'], ...rows])}`
  );
}

/** Remembers which script has which digest, since Redis logs only that. */
class ScriptNames implements ScriptRunner {
  readonly #scripts: ScriptRunner;
  readonly #names = new Map<string, string>();

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    if (!this.#names.has(script.name)) {
      this.#names.set(script.name, createHash('sha1').update(script.lua).digest('hex'));
    }
    return this.#scripts.run(script, keys, args);
  }

  /** Name of the script that a logged command ran; undefined for other commands. */
  of([command, digest]: readonly string[]): string | undefined {
    if (command?.toLowerCase() !== 'evalsha') return undefined;
    return [...this.#names].find(([, known]) => known === digest)?.[0];
  }
}
