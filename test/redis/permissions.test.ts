import { SignJWT } from 'jose';
import { subscriptionRecord } from '../../lambdas/gateway/core/connections/subscription-record';
import { connectionKey, dueKey } from '../../lambdas/gateway/core/keys';
import { dueShardOf } from '../../lambdas/gateway/core/liveness/due-set';
import { graceEnd } from '../../lambdas/gateway/core/liveness/prognosis';
import { operatorRedis } from '../support/redis';
import { gatewayWorld, TOKEN_SECRET, unique } from './gateway-world';

const world = gatewayWorld();
const operator = operatorRedis();
world.namespaces.set('private', { subscribe: 'token' });
world.namespaces.set('inner', { history: 'subscribers' });

afterAll(async () => {
  operator.disconnect();
  await world.scripts.disconnect();
});

const END = Math.floor(Date.now() / 1000) + 600;

function token(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT({ exp: END, ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(TOKEN_SECRET);
}

async function connected(info?: string, user = 'alice') {
  const id = unique('c');
  const identity = { user, expiresAt: END, channels: [], ...(info === undefined ? {} : { info }) };
  await world.connections.open(id, identity);
  return id;
}

/** The answer to one command. */
async function answer(id: string, command: object): Promise<Record<string, unknown> | undefined> {
  await world.ingress.handle(id, JSON.stringify({ id: 1, ...command }));
  return world.poster.messages(id).at(-1);
}

const record = async (id: string, channel: string) =>
  subscriptionRecord(channel, (await operator.hget(connectionKey(id), `s:${channel}`)) ?? '');

const INFO = '{"name":"Al: \\"x:y\\"","n":1}';

describe('a connection', () => {
  it('shows what its token says with each of its publications', async () => {
    const id = await connected(INFO);
    await answer(id, { publish: { channel: unique('room:'), data: 1 } });
    expect(world.deliveries.splice(0)).toMatchObject([
      { info: { user: 'alice', client: id, conn_info: JSON.parse(INFO) } },
    ]);
  });

  it('that is refreshed has a new end and shows something else, for the same user only', async () => {
    const id = await connected(INFO);
    expect(
      await answer(id, { refresh: { token: await token({ sub: 'alice', exp: END + 60 }) } }),
    ).toMatchObject({
      refresh: { client: id, expires: true },
    });
    expect(await operator.hmget(connectionKey(id), 'exp', 'info', 'iat')).toEqual([`${END + 60}`, '', '0']);
    const other = { user: 'bob', expiresAt: 0, channels: [] };
    expect(await world.connections.refresh(id, other)).toBe(false);
    expect(await world.connections.refresh(unique('c'), other)).toBe(false);
    expect(await operator.hget(connectionKey(id), 'exp')).toBe(`${END + 60}`);
  });

  it('that has ended is not refreshed', async () => {
    const id = await connected();
    await world.connections.close(id);
    expect(await world.connections.refresh(id, { user: 'alice', expiresAt: 0, channels: [] })).toBe(false);
  });
});

describe('a namespace with tokens', () => {
  const channelInfo = { seat: 'a:1', open: true };
  const granted = (channel: string, more = {}) =>
    token({ sub: 'alice', channel, info: channelInfo, data: { hello: 1 }, ...more });

  it('lets in who brings one, and says when to renew it', async () => {
    const [id, channel] = [await connected(), unique('private:')];
    expect(await answer(id, { subscribe: { channel } })).toMatchObject({ error: { code: 103 } });
    expect(await answer(id, { subscribe: { channel, token: await granted(channel) } })).toMatchObject({
      subscribe: { expires: true, ttl: expect.any(Number), data: { hello: 1 }, positioned: true },
    });
    expect(await record(id, channel)).toMatchObject({
      stage: 'settled',
      traits: { expiresAt: END, info: JSON.stringify(channelInfo) },
    });
  });

  it.each([
    ['an expired token', (channel: string) => granted(channel, { exp: 1 }), 109],
    ['a token of another channel', () => granted('private:other'), 103],
    ['a token of another user', (channel: string) => granted(channel, { sub: 'bob' }), 103],
    ['text that is no token', async () => 'x', 103],
  ])('refuses %s, and holds nothing for it', async (_, make, code) => {
    const [id, channel] = [await connected(), unique('private:')];
    expect(await answer(id, { subscribe: { channel, token: await make(channel) } })).toMatchObject({
      error: { code },
    });
    expect(await record(id, channel)).toBeUndefined();
  });

  it('takes no token that was revoked, neither to subscribe nor to stay', async () => {
    const channel = unique('private:');
    const user = unique('user');
    const [old, fresh] = [1_000, 2_000].map((iat) => granted(channel, { sub: user, iat }));
    const id = await connected(undefined, user);
    await world.users.revoke(user, 2_000);
    expect(await answer(id, { subscribe: { channel, token: await old } })).toMatchObject({
      error: { code: 103 },
    });
    expect(await answer(id, { subscribe: { channel, token: await fresh } })).toMatchObject({ subscribe: {} });
    expect(await answer(id, { sub_refresh: { channel, token: await old } })).toMatchObject({
      error: { code: 103 },
    });
    expect(await answer(id, { sub_refresh: { channel, token: await fresh } })).toMatchObject({
      sub_refresh: {},
    });
  });

  it('is for members only: history, and publications, which show what the token says', async () => {
    const [id, channel] = [await connected(), unique('private:')];
    const [history, publish] = [{ history: { channel } }, { publish: { channel, data: 1 } }];
    for (const command of [history, publish]) {
      expect(await answer(id, command)).toMatchObject({ error: { code: 103 } });
    }
    await answer(id, { subscribe: { channel, token: await granted(channel) } });
    expect(await answer(id, history)).toMatchObject({ history: { publications: [] } });
    await answer(id, publish);
    expect(world.deliveries.splice(0)).toMatchObject([{ info: { chan_info: channelInfo } }]);
    await answer(id, { unsubscribe: { channel } });
    expect(await answer(id, history)).toMatchObject({ error: { code: 103 } });
  });

  it('takes a new token for an own subscription, until it is left', async () => {
    const [id, channel] = [await connected(), unique('private:')];
    const fresh = { sub_refresh: { channel, token: await granted(channel, { exp: END + 60, info: {} }) } };
    expect(await answer(id, fresh)).toMatchObject({ error: { code: 103 } });
    await answer(id, { subscribe: { channel, token: await granted(channel) } });
    const before = await record(id, channel);
    expect(await answer(id, fresh)).toMatchObject({ sub_refresh: { expires: true } });
    expect(await record(id, channel)).toEqual({
      ...before,
      traits: { ...before?.traits, expiresAt: END + 60, info: '{}' },
    });
    expect(await world.connections.renewSubscription(id, channel, { expiresAt: END + 60 })).toBe(true);
    expect((await record(id, channel))?.traits.info).toBeUndefined();
    const left = await world.connections.leave(id, channel, Date.now() + 5_000);
    expect(left?.traits.expiresAt).toBe(END + 60);
    expect(await answer(id, fresh)).toMatchObject({ error: { code: 103 } });
  });

  it('has the connection looked at when the permission ends, also a renewed one', async () => {
    const [id, channel] = [await connected(), unique('private:')];
    const due = async () => Number(await operator.zscore(dueKey(dueShardOf(id)), id));
    await world.due.note(id, Date.now() + 900_000);
    await answer(id, { subscribe: { channel, token: await granted(channel, { exp: END }) } });
    expect(await due()).toBe(graceEnd(END));
    const sooner = await granted(channel, { exp: END - 60 });
    await answer(id, { sub_refresh: { channel, token: sooner } });
    expect(await due()).toBe(graceEnd(END - 60));
    // A look that comes too early does no harm; one that is put off would.
    await answer(id, { sub_refresh: { channel, token: await granted(channel, { exp: END + 60 }) } });
    expect(await due()).toBe(graceEnd(END - 60));
  });

  it('never ends what the server subscribed', async () => {
    const id = unique('c');
    const channel = unique('private:');
    await world.connections.open(id, undefined);
    const connect = {
      token: await token({ sub: 'alice', subs: { [channel]: { info: channelInfo, data: 7 } } }),
    };
    expect(await answer(id, { connect })).toMatchObject({
      connect: { expires: true, subs: { [channel]: { positioned: true, data: 7 } } },
    });
    expect(await record(id, channel)).toMatchObject({
      traits: { serverSide: true, expiresAt: 0, info: JSON.stringify(channelInfo) },
    });
    expect(await world.connections.renewSubscription(id, channel, { expiresAt: 1 })).toBe(false);
  });

  it('keeps the info of a subscription that is being left', async () => {
    const [id, channel] = [await connected(), unique('private:')];
    await answer(id, { subscribe: { channel, token: await granted(channel) } });
    const left = await world.connections.leave(id, channel, Date.now() + 5_000);
    expect(left?.traits.info).toBe(JSON.stringify(channelInfo));
    expect(await world.connections.drop(id, channel, left?.nonce ?? '')).toBe('dropped');
  });
});

describe('a namespace whose history is for subscribers', () => {
  it('answers nobody else', async () => {
    const [id, channel] = [await connected(), unique('inner:')];
    expect(await answer(id, { history: { channel } })).toMatchObject({ error: { code: 103 } });
    await answer(id, { subscribe: { channel } });
    expect(await answer(id, { history: { channel } })).toMatchObject({ history: { offset: 0 } });
  });

  it('takes a subscription for none whose time is over', async () => {
    const [id, channel] = [await connected(), unique('inner:')];
    await answer(id, { subscribe: { channel } });
    await world.connections.renewSubscription(id, channel, { expiresAt: 1 });
    expect(await answer(id, { history: { channel } })).toMatchObject({ error: { code: 103 } });
  });
});
