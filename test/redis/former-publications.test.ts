import fc from 'fast-check';
import { storesOn } from '../../lambdas/gateway/core/adapters/state';
import { systemClock } from '../../lambdas/gateway/core/clock';
import type { NewPublication } from '../../lambdas/gateway/core/delivery/channels';
import { channelKeys } from '../../lambdas/gateway/core/keys';
import { operatorRedis } from '../support/redis';
import { testScripts, unique } from './gateway-world';

const scripts = testScripts();
const operator = operatorRedis();
const START = Date.now();
const clock = { now: () => time, sleep: systemClock.sleep };
let time = START;
const { channels } = storesOn(scripts, clock);

afterAll(async () => {
  await scripts.disconnect();
  operator.disconnect();
});

beforeEach(() => {
  time = START;
});

const WEEK_MS = 7 * 24 * 3600 * 1000;
const RETENTION = { entries: 300, seconds: 600 };

interface Letter {
  readonly key: string;
  readonly publishedAt: number;
}

/** A publication that is made now. */
const letter = (key = unique('key')): Letter => ({ key, publishedAt: time });

async function appendAll(
  channel: string,
  publications: readonly NewPublication[],
  entries = RETENTION.entries,
) {
  return channels.append(channel, publications, { ...RETENTION, entries });
}

async function append(channel: string, key = unique('key')) {
  const [appended] = await appendAll(channel, [{ text: '{"data":1}', idempotencyKey: key }]);
  return appended;
}

/** What becomes of a dead letter long after its key is forgotten. */
async function redrive(channel: string, { key, publishedAt }: Letter, more: { forced?: boolean } = {}) {
  const { forced = false } = more;
  const publication = { text: '{"data":1}', idempotencyKey: key, former: { publishedAt, forced } };
  const [appended] = await appendAll(channel, [publication]);
  return appended;
}

/** Minutes later: nobody remembers the key. */
async function forget(channel: string, ...letters: readonly Letter[]): Promise<void> {
  time += 400_000;
  for (const { key } of letters) await operator.del(channelKeys(channel).idempotency(key));
}

async function logOf(channel: string): Promise<number> {
  return operator.xlen(channelKeys(channel).log);
}

describe('a publication that may have been appended long ago', () => {
  it('is found in the log, and answers what it got', async () => {
    const channel = unique('room:');
    await append(channel);
    const dead = letter();
    const first = await append(channel, dead.key);
    await append(channel);
    await forget(channel, dead);
    expect(await redrive(channel, dead)).toEqual({ ...first, result: 'repeated' });
    expect(await redrive(channel, dead, { forced: true })).toEqual({ ...first, result: 'repeated' });
    expect(await logOf(channel)).toBe(3);
  });

  it('is appended where the log reaches back to it and does not have it, and once', async () => {
    const channel = unique('room:');
    await append(channel);
    time += 1000;
    const dead = letter();
    time += 1000;
    await append(channel);
    await forget(channel);
    expect(await redrive(channel, dead)).toMatchObject({ result: 'appended', offset: 3 });
    await forget(channel, dead);
    expect(await redrive(channel, dead)).toMatchObject({ result: 'repeated', offset: 3 });
  });

  it('is appended into a channel that was never used, with all that were published with it', async () => {
    const channel = unique('room:');
    const dead = [letter(), letter(), letter()];
    await forget(channel);
    for (const [index, one] of dead.entries()) {
      expect(await redrive(channel, one)).toMatchObject({ result: 'appended', offset: index + 1 });
    }
    await forget(channel, ...dead);
    for (const one of dead) expect(await redrive(channel, one)).toMatchObject({ result: 'repeated' });
  });

  it('is appended into a channel that somebody only looked at', async () => {
    const channel = unique('room:');
    const dead = letter();
    await channels.place(channel, undefined);
    await forget(channel);
    expect(await redrive(channel, dead)).toMatchObject({ result: 'appended', offset: 1 });
  });

  it('is appended where nothing was since, also when the log has expired', async () => {
    const channel = unique('room:');
    await append(channel);
    time += 1000;
    const dead = [letter(), letter()];
    await forget(channel);
    await operator.del(channelKeys(channel).log);
    for (const one of dead) expect(await redrive(channel, one)).toMatchObject({ result: 'appended' });
  });

  it('is left where something was appended since, and the log has expired', async () => {
    const channel = unique('room:');
    const dead = letter();
    await append(channel, dead.key);
    await forget(channel, dead);
    await operator.del(channelKeys(channel).log);
    expect(await redrive(channel, dead)).toMatchObject({ result: 'unproven' });
    time += 1000;
    await append(channel);
    expect(await redrive(channel, dead)).toMatchObject({ result: 'unproven' });
    expect(await logOf(channel)).toBe(1);
    expect(await redrive(channel, dead, { forced: true })).toMatchObject({ result: 'appended' });
    await forget(channel, dead);
    expect(await redrive(channel, dead)).toMatchObject({ result: 'repeated' });
  });

  it('is left where the log was trimmed since', async () => {
    const channel = unique('room:');
    const dead = letter();
    await append(channel, dead.key);
    time += 1000;
    const text = JSON.stringify({ data: 'x'.repeat(3000) });
    for (let index = 0; index < 40; index++) {
      time += 10;
      await appendAll(channel, [{ text, idempotencyKey: unique('key') }], 2);
    }
    const [oldest] = await operator.xrange(channelKeys(channel).log, '-', '+', 'COUNT', 1);
    expect(Number(oldest?.[0].split('-')[0])).toBeGreaterThan(2);
    await forget(channel, dead);
    expect(await redrive(channel, dead)).toMatchObject({ result: 'unproven' });
    const young = { key: unique('key'), publishedAt: time - 400_000 };
    expect(await redrive(channel, young)).toMatchObject({ result: 'appended' });
  });

  it('is left where the meta hash was lost and the log was not', async () => {
    const channel = unique('room:');
    await append(channel);
    time += 1000;
    const dead = letter();
    await forget(channel);
    await operator.del(channelKeys(channel).meta);
    expect(await redrive(channel, dead)).toMatchObject({ result: 'unproven' });
    await append(channel);
    expect(await redrive(channel, dead)).toMatchObject({ result: 'unproven' });
  });

  it('is left where it is older than what is known of channels that are not used', async () => {
    const channel = unique('room:');
    const dead = letter();
    time += WEEK_MS + 1000;
    expect(await redrive(channel, dead)).toMatchObject({ result: 'unproven' });
  });

  it('is left where the log has entries of a release that wrote no digests', async () => {
    const channel = unique('room:');
    await append(channel);
    time += 1000;
    const dead = letter();
    const { meta, log } = channelKeys(channel);
    await operator.hset(meta, 'top', 2);
    await operator.xadd(log, '2', 'd', '{"data":1}', 't', 'tag');
    await forget(channel);
    expect(await redrive(channel, dead)).toMatchObject({ result: 'unproven' });
  });

  it('is dropped where its version is not above the last one', async () => {
    const channel = unique('room:');
    const publication = { text: '{"data":1}', version: 5, versionEpoch: 'a' };
    await appendAll(channel, [{ ...publication, idempotencyKey: unique('key') }]);
    time += 1000;
    const former = { publishedAt: time, forced: false };
    await forget(channel);
    const [late] = await appendAll(channel, [
      { ...publication, version: 4, idempotencyKey: unique('key'), former },
    ]);
    expect(late).toMatchObject({ result: 'outdated', offset: 1 });
  });

  it('does not hold up others of its batch', async () => {
    const channel = unique('room:');
    const dead = letter();
    await append(channel, dead.key);
    await forget(channel, dead);
    await operator.del(channelKeys(channel).log);
    const publication = (key: string) => ({ text: '{"data":1}', idempotencyKey: key });
    const former = { publishedAt: dead.publishedAt, forced: false };
    const results = await appendAll(channel, [
      publication(unique('key')),
      { ...publication(dead.key), former },
      publication(unique('key')),
    ]);
    expect(results.map(({ result }) => result)).toEqual(['appended', 'unproven', 'appended']);
  });
});

describe('an outdated version', () => {
  it('is answered the same when its key comes again', async () => {
    const channel = unique('room:');
    const publish = (version: number, idempotencyKey: string) =>
      appendAll(channel, [{ text: '{"data":1}', idempotencyKey, version }]);
    await publish(5, unique('key'));
    const key = unique('key');
    expect(await publish(4, key)).toMatchObject([{ result: 'outdated', offset: 1 }]);
    await publish(6, unique('key'));
    expect(await publish(4, key)).toMatchObject([{ result: 'repeated', offset: 1 }]);
  });
});

/** What may happen between a publication and its redrives. */
const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('publish' as const), dies: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('redrive' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('expire log', 'wait', 'look') }) },
);

it('is never in the log twice, whatever happens between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
      const channel = unique('room:');
      const dead: Letter[] = [];
      // Every append that ever was: the log itself may expire.
      const appended = new Map<string, number>();
      for (const each of events) {
        time += 30_000;
        if (each.kind === 'publish') {
          const one = letter();
          dead.push(one);
          // It dies before or after the append; nobody knows which.
          if (!each.dies && (await append(channel, one.key))?.result === 'appended') appended.set(one.key, 1);
        } else if (each.kind === 'redrive') {
          const one = dead[each.which % Math.max(1, dead.length)];
          if (one === undefined) continue;
          await forget(channel, ...dead);
          const { result } = (await redrive(channel, one)) ?? {};
          if (result === 'appended') appended.set(one.key, (appended.get(one.key) ?? 0) + 1);
        } else if (each.kind === 'expire log') await operator.del(channelKeys(channel).log);
        else if (each.kind === 'look') await channels.place(channel, undefined);
        else time += 600_000;
      }
      expect([...appended.values()].filter((count) => count > 1)).toEqual([]);
    }),
    { numRuns: process.env['HOLDFAST_TEST'] === 'long' ? 2_000 : 60 },
  );
});
