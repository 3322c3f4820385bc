import { SignJWT } from 'jose';
import { serverSideChannels } from '../../../lambdas/gateway/core/commands/server-side-channels';
import { MAX_SUBSCRIPTIONS } from '../../../lambdas/gateway/core/connections/connection';
import { ingressWorld, SECRET } from './world';

const token = (claims: Record<string, unknown>) =>
  new SignJWT({ exp: Date.now() / 1000 + 60, ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(SECRET);

const identity = (user: string, channels: readonly string[] = []) => ({ user, channels, expiresAt: 0 });

describe('serverSideChannels', () => {
  it('adds the channel of the user behind those of the token', () => {
    expect(serverSideChannels(identity('alice', ['room:a']), true)).toEqual({
      channels: ['room:a', 'user:#alice'],
    });
  });

  it('names it once where the token does as well', () => {
    const named = ['user:#alice', 'room:a'];
    expect(serverSideChannels(identity('alice', named), true)).toEqual({ channels: named });
  });

  it('leaves it out where it is turned off', () => {
    expect(serverSideChannels(identity('alice', ['room:a']), false)).toEqual({ channels: ['room:a'] });
  });

  it.each(['two words', 'alice,bob', 'x#alice', 'Grüße', 'a'.repeat(250)])(
    'leaves it out for the id "%s", without repeating it',
    (user) => {
      const { channels, leftOut } = serverSideChannels(identity(user), true);
      expect(channels).toEqual([]);
      expect(leftOut).toContain('user: expected');
      expect(leftOut).not.toContain(user);
    },
  );

  it('leaves it out where the token takes every subscription that a connection may have', () => {
    const names = Array.from({ length: MAX_SUBSCRIPTIONS }, (_, index) => `room:${index}`);
    expect(serverSideChannels(identity('alice', names), true)).toEqual({
      channels: names,
      leftOut: expect.stringContaining('channels'),
    });
    expect(serverSideChannels(identity('alice', names.slice(1)), true).channels).toHaveLength(
      MAX_SUBSCRIPTIONS,
    );
  });
});

describe('a connect with user channels', () => {
  it('subscribes to the channel of the user and activates it after the reply', async () => {
    const world = ingressWorld('pending', { userChannel: true });
    const connect = { token: await token({ sub: 'alice', channels: ['room:a', 'user:#alice'] }) };
    const [reply] = await world.serve({ id: 1, connect });
    expect(reply).toMatchObject({ id: 1, connect: { subs: { 'room:a': {}, 'user:#alice': {} } } });
    expect(world.steps.filter((step) => step === 'hf1hold')).toHaveLength(2);
    expect(world.steps.slice(-4)).toEqual(['post', 'hf1activate', 'hf1activate', 'hf1next']);
  });

  it('recovers it from where the client was', async () => {
    const world = ingressWorld('pending', { userChannel: true });
    world.answers.set('hf1place', ['0', 'e', '2', 't', '0', '2', '{"data":"missed"}', 't']);
    const subs = { 'user:#alice': { recover: true, offset: 1, epoch: 'e' } };
    expect(
      await world.serve({ id: 1, connect: { token: await token({ sub: 'alice' }), subs } }),
    ).toMatchObject([
      {
        connect: {
          subs: { 'user:#alice': { recovered: true, publications: [{ offset: 2, data: 'missed' }] } },
        },
      },
    ]);
  });

  it('connects a user whose id makes no channel name, and logs no more than that', async () => {
    const world = ingressWorld('pending', { userChannel: true });
    const [reply] = await world.serve({ id: 1, connect: { token: await token({ sub: 'a secret id' }) } });
    expect(reply).toEqual({ id: 1, connect: expect.not.objectContaining({ subs: expect.anything() }) });
    expect(world.lines).toEqual([
      { message: 'no user channel', fields: { connection: 'conn=', reason: expect.any(String) } },
    ]);
    expect(JSON.stringify(world.lines)).not.toContain('secret id');
  });

  it('leaves out the channel of another user that a token names', async () => {
    const world = ingressWorld('pending', { userChannel: true });
    const connect = { token: await token({ sub: 'alice', channels: ['user:#bob'] }) };
    const [reply] = await world.serve({ id: 1, connect });
    expect(reply).toMatchObject({ connect: { subs: { 'user:#alice': {} } } });
    expect(JSON.stringify(reply)).not.toContain('bob');
    expect(world.lines).toEqual([
      { message: 'server-side subscription left out', fields: expect.objectContaining({ code: 103 }) },
    ]);
  });
});

describe('a namespace that is limited to users', () => {
  it.each([
    ['subscribe', {}],
    ['publish', { data: 1 }],
    ['history', { limit: 1 }],
  ])('answers the %s of another user with 103, without touching state', async (name, more) => {
    const world = ingressWorld();
    const serve = (channel: string) => world.serve({ id: 1, [name]: { channel, ...more } });
    expect(await serve('user:#bob')).toEqual([{ id: 1, error: { code: 103, message: 'permission denied' } }]);
    expect(world.ran.filter((script) => script !== 'hf1enter')).toEqual([]);
    expect(world.deliveries).toEqual([]);
  });

  it('serves who is named, one of several', async () => {
    const world = ingressWorld();
    world.answers.set('hf1history', ['e', '0']);
    const channel = 'user:1#bob,alice';
    const messages = await world.serve(
      { id: 1, subscribe: { channel } },
      { id: 2, publish: { channel, data: 1 } },
      { id: 3, history: { channel } },
    );
    expect(messages).toEqual([
      { id: 1, subscribe: expect.objectContaining({ epoch: 'e' }) },
      { id: 3, history: { publications: [], epoch: 'e', offset: 0 } },
    ]);
    expect(world.deliveries).toMatchObject([{ channel }]);
  });
});
