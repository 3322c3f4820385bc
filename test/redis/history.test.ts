import fc from 'fast-check';
import { storesOn } from '../../lambdas/gateway/core/adapters/state';
import {
  type HistoryRequest,
  MAX_HISTORY,
  MAX_RECOVERED_BYTES,
} from '../../lambdas/gateway/core/delivery/channels';
import { channelKeys } from '../../lambdas/gateway/core/keys';
import { rounds } from '../support/counts';
import { operatorRedis } from '../support/redis';
import { gatewayWorld, testScripts, unique } from './gateway-world';

const scripts = testScripts();
const { channels } = storesOn(scripts);
const operator = operatorRedis();

afterAll(async () => {
  await scripts.disconnect();
  operator.disconnect();
});

async function append(channel: string, bytes = 0, count = 1) {
  for (let index = 0; index < count; index++) {
    const text = JSON.stringify({ data: 'x'.repeat(bytes) });
    await channels.append(channel, [{ text, idempotencyKey: unique('key') }], {
      entries: 20_000,
      seconds: 600,
    });
  }
}

const ask = (channel: string, more: Partial<HistoryRequest> = {}) =>
  channels.history(channel, { limit: 10, since: undefined, reverse: false, newest: 1000, ...more });

const offsets = async (channel: string, more: Partial<HistoryRequest> = {}) =>
  (await ask(channel, more)).entries.map(({ offset }) => offset);

/** What a history is, told by lists: `sizes` are the bytes of the publications 1, 2, ... */
function modelled(sizes: readonly number[], { limit, since, reverse, newest }: HistoryRequest): number[] {
  const visible = sizes.map((_, index) => index + 1).slice(Math.max(0, sizes.length - newest));
  const asked = reverse
    ? visible.filter((offset) => since === undefined || offset < since).reverse()
    : visible.filter((offset) => since === undefined || offset > since);
  let bytes = 0;
  const fits = asked.findIndex((offset, index) => {
    bytes += sizes[offset - 1] ?? 0;
    return index > 0 && bytes > MAX_RECOVERED_BYTES;
  });
  return asked.slice(0, fits < 0 ? undefined : fits).slice(0, limit);
}

describe('history of a log', () => {
  // Small ones, and some of which four or one fit into a reply, or none.
  const texts = Array.from({ length: 60 }, (_, n) => (n % 11 === 0 ? 30_000 : n % 4 === 0 ? 6_000 : n));
  const sizes = texts.map((bytes) => JSON.stringify({ data: 'x'.repeat(bytes) }).length);
  let channel = '';
  beforeAll(async () => {
    channel = unique('room:');
    for (const bytes of texts) await append(channel, bytes);
  });

  it.each([0, 1, 2, 7, 16, 17, 59, 60, 61, 300])('is what the model says, for limit %d', async (limit) => {
    for (const reverse of [false, true]) {
      for (const newest of [1, 16, 60, 1000]) {
        for (const since of [undefined, 0, 1, 2, 15, 16, 17, 31, 44, 45, 58, 59, 60]) {
          const request = { limit, since, reverse, newest };
          expect({ request, offsets: await offsets(channel, request) }).toEqual({
            request,
            offsets: modelled(sizes, request),
          });
        }
      }
    }
  });

  it('is what the model says, for logs and requests of any size', async () => {
    const request = fc.record({
      limit: fc.integer({ min: 0, max: 40 }),
      since: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
      reverse: fc.boolean(),
      newest: fc.integer({ min: 1, max: 40 }),
    });
    const log = fc.array(fc.constantFrom(0, 100, 6_000, 12_000, 25_000), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(log, fc.array(request, { minLength: 5, maxLength: 5 }), async (bytes, requests) => {
        const name = unique('room:');
        for (const size of bytes) await append(name, size);
        const lengths = bytes.map((size) => JSON.stringify({ data: 'x'.repeat(size) }).length);
        for (const one of requests) {
          const page = await ask(name, one);
          expect(page.top).toBe(bytes.length);
          expect(page.entries.map(({ offset }) => offset)).toEqual(modelled(lengths, one));
        }
      }),
      { numRuns: rounds(15, 300) },
    );
  });

  it('is read to its end by going on from the last offset, whatever a page holds', async () => {
    for (const reverse of [false, true]) {
      const seen: number[] = [];
      for (let since: number | undefined; ; ) {
        const page = await offsets(channel, { limit: MAX_HISTORY, since, reverse });
        if (page.length === 0) break;
        seen.push(...page);
        since = page.at(-1);
      }
      const all = sizes.map((_, index) => index + 1);
      expect(seen).toEqual(reverse ? all.reverse() : all);
    }
  });

  it('answers one publication that is too large for a page, and none beside it', async () => {
    expect(await offsets(channel, { limit: 5 })).toEqual([1]);
    expect(await offsets(channel, { limit: 5, since: 13, reverse: true })).toEqual([12]);
  });

  it('counts bytes, not characters', async () => {
    const name = unique('room:');
    for (let index = 0; index < 3; index++) {
      await channels.append(
        name,
        [{ text: JSON.stringify({ data: '世'.repeat(4_000) }), idempotencyKey: unique('key') }],
        { entries: 300, seconds: 600 },
      );
    }
    expect(await offsets(name)).toEqual([1, 2]);
  });
});

describe('history', () => {
  it('gives a channel that never had a position one that stays', async () => {
    const channel = unique('room:');
    const first = await ask(channel);
    expect(first).toEqual({ epoch: expect.stringMatching(/^\S+$/), top: 0, entries: [] });
    expect(await operator.ttl(channelKeys(channel).meta)).toBeGreaterThan(600_000);
    expect(await ask(channel)).toEqual(first);
    expect((await channels.place(channel, undefined)).epoch).toBe(first.epoch);
    await append(channel);
    expect(await ask(channel)).toMatchObject({ epoch: first.epoch, top: 1 });
  });

  it('does not make a channel live longer', async () => {
    const channel = unique('room:');
    await append(channel);
    await operator.expire(channelKeys(channel).meta, 50);
    await operator.expire(channelKeys(channel).log, 40);
    expect(await offsets(channel)).toEqual([1]);
    expect(await operator.ttl(channelKeys(channel).meta)).toBeLessThanOrEqual(50);
    expect(await operator.ttl(channelKeys(channel).log)).toBeLessThanOrEqual(40);
  });

  it('of a channel whose log is gone has a position and no publications', async () => {
    const channel = unique('room:');
    await append(channel, 0, 3);
    const { epoch } = await ask(channel);
    await operator.del(channelKeys(channel).log);
    expect(await ask(channel)).toEqual({ epoch, top: 3, entries: [] });
  });

  it('answers what is there where older entries were trimmed', async () => {
    const channel = unique('room:');
    await append(channel, 0, 6);
    await operator.xtrim(channelKeys(channel).log, 'MAXLEN', 2);
    expect(await offsets(channel, { since: 1 })).toEqual([5, 6]);
    expect(await offsets(channel)).toEqual([5, 6]);
    expect(await offsets(channel, { since: 3, reverse: true })).toEqual([]);
  });

  it('shows nothing of a log whose meta hash is lost', async () => {
    const channel = unique('room:');
    await append(channel, 0, 3);
    const { epoch } = await ask(channel);
    await operator.del(channelKeys(channel).meta);
    const after = await ask(channel);
    expect(after).toMatchObject({ top: 0, entries: [] });
    expect(after.epoch).not.toBe(epoch);
    expect(await operator.exists(channelKeys(channel).log)).toBe(0);
  });

  it('shows nothing above the top of the channel', async () => {
    const channel = unique('room:');
    await append(channel, 0, 3);
    await operator.hset(channelKeys(channel).meta, 'top', 2);
    expect(await offsets(channel)).toEqual([1, 2]);
    expect(await offsets(channel, { reverse: true })).toEqual([2, 1]);
  });

  it('reads fields by their names', async () => {
    const channel = unique('room:');
    await append(channel);
    const { meta, log } = channelKeys(channel);
    await operator.xadd(log, 2, 't', 'tag', 'more', 'm', 'd', '{"data":2}');
    await operator.hset(meta, 'top', 2);
    expect((await ask(channel, { since: 1 })).entries).toEqual([
      { offset: 2, publication: '{"data":2}', tag: 'tag' },
    ]);
  });

  it('is answered to a client: from what a courier appended, to a reply', async () => {
    const world = gatewayWorld();
    const [channel, id] = [unique('room:'), unique('c')];
    await world.connected(id);
    const records = [1, 2, 3].map((n) => world.record(world.publication(channel, `m${n}`, `k${n}`), 'g'));
    await world.courier.handle(records);
    const commands = [
      { id: 1, history: { channel } },
      { id: 2, history: { channel, limit: 2 } },
      { id: 3, history: { channel, limit: -1, reverse: true } },
      { id: 4, history: { channel, limit: 1, since: { offset: 9 } } },
    ];
    await world.ingress.handle(id, commands.map((command) => JSON.stringify(command)).join('\n'));
    const epoch = expect.any(String);
    const publication = (offset: number) => ({ offset, data: `m${offset}` });
    expect(world.poster.messages(id)).toEqual([
      { id: 1, history: { publications: [], epoch, offset: 3 } },
      { id: 2, history: { publications: [publication(1), publication(2)], epoch, offset: 3 } },
      { id: 3, history: { publications: [3, 2, 1].map(publication), epoch, offset: 3 } },
      { id: 4, error: { code: 112, message: 'unrecoverable position' } },
    ]);
    await world.scripts.disconnect();
  });
});
