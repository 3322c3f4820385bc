import { WAIT_MS } from '../../../lambdas/gateway/core/server-api/publications';
import { apiWorld, CONTEXT, NOW } from './world';

type World = ReturnType<typeof apiWorld>;
type Method = Parameters<World['api']['call']>[0];

async function call(world: World, method: Method, body: unknown, more: object = {}) {
  const called = await world.api.call(method, body, { ...CONTEXT, ...more });
  if (called.outcome === 'malformed') throw new Error(called.error.message);
  return called.answer;
}

const publication = { channel: 'room:1', data: { n: 1 } };

describe('publish', () => {
  it('puts a delivery on the queue and answers where it came to stand', async () => {
    const world = apiWorld();
    world.state.looks = 3;
    expect(await call(world, 'publish', { ...publication, idempotency_key: 'k' })).toEqual({
      result: { offset: 7, epoch: 'e' },
    });
    expect(world.deliveries).toEqual([
      {
        v: 1,
        type: 'publication',
        ...publication,
        idempotencyKey: 'k',
        source: 'holdfast',
        publishedAt: NOW,
        traceparent: expect.stringMatching(/^00-1{32}-(?!2{16})/),
      },
    ]);
  });

  it('hands versions on, where 0 is none', async () => {
    const world = apiWorld();
    await call(world, 'publish', { ...publication, version: 3, version_epoch: 'a' });
    await call(world, 'publish', { ...publication, version: 0, version_epoch: 'a' });
    expect(world.deliveries[0]).toMatchObject({ version: 3, versionEpoch: 'a' });
    expect(world.deliveries[1]).not.toHaveProperty('version');
    expect(world.deliveries[1]).not.toHaveProperty('versionEpoch');
  });

  it('takes keys of its own where it is given none', async () => {
    const world = apiWorld();
    for (const _ of [1, 2]) await call(world, 'publish', publication);
    expect(new Set(world.deliveries.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
  });

  it('takes the name of its request as key where that may come again', async () => {
    const world = apiWorld();
    for (const id of ['a', 'a', 'b']) await call(world, 'publish', publication, { by: 'bus', id });
    const [one, again, other] = world.deliveries.map(({ idempotencyKey }) => idempotencyKey);
    expect([one === again, one === other]).toEqual([true, false]);
  });

  it('answers without a position where no courier takes it in time', async () => {
    const world = apiWorld();
    world.state.looks = Number.POSITIVE_INFINITY;
    expect(await call(world, 'publish', publication)).toEqual({ result: {} });
    expect(world.state.now - NOW).toBeGreaterThanOrEqual(WAIT_MS);
    expect(world.state.now - NOW).toBeLessThan(WAIT_MS + 200);
  });

  it('answers without a position where Redis is away: the queue has it', async () => {
    const world = apiWorld();
    world.failing.add('logs');
    expect(await call(world, 'publish', publication)).toEqual({ result: {} });
    expect(world.deliveries).toHaveLength(1);
  });

  it('does not look for its position where nobody waits', async () => {
    const world = apiWorld();
    expect(await call(world, 'publish', publication, { by: 'bus' })).toEqual({ result: {} });
    expect(world.looked.size).toBe(0);
  });

  it('fails for now where the queue or the registry does', async () => {
    for (const what of ['send room:1', 'registry']) {
      const world = apiWorld();
      world.failing.add(what);
      expect(await call(world, 'publish', publication)).toMatchObject({ error: { code: 100 } });
      expect(JSON.stringify(await call(world, 'publish', publication))).not.toContain('away');
    }
  });

  it('looks once more for a namespace that is not known', async () => {
    const world = apiWorld();
    expect(await call(world, 'publish', { ...publication, channel: 'new:1' })).toMatchObject({
      error: { code: 102 },
    });
    world.state.appears = 'new';
    expect(await call(world, 'publish', { ...publication, channel: 'new:1' })).toMatchObject({ result: {} });
  });

  it('refuses what is too large by what subscribers would get', async () => {
    const world = apiWorld();
    expect(await call(world, 'publish', { ...publication, data: 'x'.repeat(122_880) })).toEqual({
      error: {
        code: 107,
        message: 'bad request: data: expected a publication of at most 122880 bytes, got 122891',
      },
    });
    expect(world.deliveries).toEqual([]);
  });
});

describe('broadcast', () => {
  it('answers for each channel in its place, whatever becomes of the others', async () => {
    const world = apiWorld();
    world.failing.add('send room:2');
    const channels = ['room:1', 'room:2', 'none:3', 'room:4'];
    expect(await call(world, 'broadcast', { channels, data: 1 })).toMatchObject({
      result: {
        responses: [
          { result: { offset: 7 } },
          { error: { code: 100 } },
          { error: { code: 102 } },
          { result: { offset: 7 } },
        ],
      },
    });
  });
});

describe('methods of users', () => {
  it('act on each connection of the user', async () => {
    const world = apiWorld();
    const user = 'alice';
    expect(await call(world, 'subscribe', { user, channel: 'room:1', data: 1 })).toEqual({ result: {} });
    await call(world, 'unsubscribe', { user, channel: 'room:1' });
    await call(world, 'disconnect', { user, disconnect: { code: 4500 } });
    expect(world.actions.at(-1)).toContain('"code":4500,"reason":""');
    await call(world, 'disconnect', { user });
    expect(world.actions.map((action) => action.split(' ', 2).join(' '))).toEqual(
      ['subscribe', 'unsubscribe', 'disconnect', 'disconnect'].flatMap((what) => [
        `${what} c1`,
        `${what} c2`,
      ]),
    );
    expect(world.actions.at(-1)).toContain('"code":3503');
  });

  it('act on the one that is named, if it is the user’s, and on none that is kept', async () => {
    const world = apiWorld();
    await call(world, 'unsubscribe', { user: 'alice', channel: 'room:1', client: 'c2' });
    await call(world, 'unsubscribe', { user: 'bob', channel: 'room:1', client: 'c2' });
    await call(world, 'disconnect', { user: 'alice', whitelist: ['c1'] });
    expect(world.actions.map((action) => action.split(' ', 2).join(' '))).toEqual([
      'unsubscribe c2',
      'disconnect c2',
    ]);
  });

  it.each([
    ['failed', 100],
    ['limit', 106],
  ] as const)('say where it %s', async (outcome, code) => {
    const world = apiWorld();
    world.state.outcome = outcome;
    expect(await call(world, 'subscribe', { user: 'alice', channel: 'room:1' })).toMatchObject({
      error: { code },
    });
  });

  it('revoke from now on unless a time is given', async () => {
    const world = apiWorld();
    await call(world, 'revoke', { user: 'alice' });
    await call(world, 'revoke', { user: 'alice', issued_before: 5 });
    expect(world.actions).toEqual([`revoke alice ${NOW / 1000}`, 'revoke alice 5']);
  });
});

describe('methods of channels', () => {
  it('need a namespace that has what they ask for', async () => {
    const world = apiWorld();
    for (const method of ['history', 'history_remove', 'presence', 'presence_stats'] as const) {
      expect(await call(world, method, { channel: 'quiet:1' })).toMatchObject({ error: { code: 108 } });
      expect(await call(world, method, { channel: 'none:1' })).toMatchObject({ error: { code: 102 } });
    }
    expect(world.actions).toEqual([]);
  });

  it('answer what there is', async () => {
    const world = apiWorld();
    expect(await call(world, 'history', { channel: 'room:1', limit: 5 })).toEqual({
      result: { publications: [{ offset: 2, data: 1 }], offset: 2, epoch: 'e' },
    });
    expect(await call(world, 'presence', { channel: 'room:1' })).toEqual({
      result: { presence: { c: { client: 'c', user: 'alice' } } },
    });
    expect(await call(world, 'presence_stats', { channel: 'room:1' })).toEqual({
      result: { num_clients: 2, num_users: 1 },
    });
  });

  it('refuse a list of too many and a position of another log', async () => {
    const world = apiWorld();
    world.failing.add('listing');
    expect(await call(world, 'presence', { channel: 'room:1' })).toMatchObject({ error: { code: 108 } });
    for (const since of [{ offset: 3 }, { offset: 1, epoch: 'other' }]) {
      expect(await call(world, 'history', { channel: 'room:1', since })).toMatchObject({
        error: { code: 112 },
      });
    }
  });
});

describe('delivered', () => {
  it('waits until every socket was tried', async () => {
    const world = apiWorld();
    world.state.looks = 2;
    const answer = await call(world, 'delivered', { user: 'alice', idempotency_key: 'k' });
    expect(answer).toEqual({ result: { sockets: 1 } });
    expect(world.looked.get('k')).toBe(3);
  });

  it('says after three seconds what is known, which may be nothing', async () => {
    const world = apiWorld();
    const answer = await call(world, 'delivered', { user: 'bob', idempotency_key: 'k' });
    expect(answer).toEqual({ result: {} });
    expect(world.state.now - CONTEXT.madeAt).toBeGreaterThanOrEqual(3_000);
    expect(world.state.now - CONTEXT.madeAt).toBeLessThan(3_200);
  });

  it('refuses a user who can have no channel, and says where Redis does not answer', async () => {
    const world = apiWorld();
    expect(await call(world, 'delivered', { user: 'a,b', idempotency_key: 'k' })).toMatchObject({
      error: { code: 107, message: expect.stringContaining('user: expected an id that makes a channel') },
    });
    world.failing.add('receipts');
    expect(await call(world, 'delivered', { user: 'alice', idempotency_key: 'k' })).toMatchObject({
      error: { code: 100 },
    });
  });
});

describe('reply', () => {
  it('posts the reply of the protocol', async () => {
    const world = apiWorld();
    await call(world, 'reply', { client: 'c', id: 1, result: null });
    await call(world, 'reply', { client: 'c', id: 2, error: { code: 100, message: 'm', temporary: true } });
    expect(world.frames).toEqual([
      '{"id":1,"rpc":{"data":null}}',
      '{"id":2,"error":{"code":100,"message":"m","temporary":true}}',
    ]);
  });

  it.each([
    ['gone', 108],
    ['throttled', 111],
    ['failed', 100],
    ['unknown', 100],
  ] as const)('says where the post is %s', async (posted, code) => {
    const world = apiWorld();
    world.state.posted = posted;
    const answer = await call(world, 'reply', { client: 'c', id: 1, result: 1 });
    expect(answer).toMatchObject({ error: { code } });
  });
});
