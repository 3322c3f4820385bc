import { expiryOf, GRACE_SECONDS, isOver } from '../../../lambdas/gateway/core/commands/expiry';
import { SERVER_VERSION } from '../../../lambdas/gateway/core/version';
import { bySecret, tokenOf } from './token-world';
import { ingressWorld } from './world';

const NOW = 1_700_000_000_000;
const seconds = () => NOW / 1000;

beforeEach(() => {
  jest.spyOn(Date, 'now').mockReturnValue(NOW);
});
afterEach(() => jest.restoreAllMocks());

/** A token by the secret of the worlds, for a minute unless the claims say otherwise. */
function token(claims: Record<string, unknown> = {}): string {
  return tokenOf({ alg: 'HS256' }, { sub: 'alice', exp: seconds() + 60, ...claims }, bySecret());
}

const disconnect = (code: number) => ({ push: { disconnect: { code, reason: expect.any(String) } } });
const minute = { expires: true, ttl: 60 };

/** A connected world whose connection ends at that time (epoch s) and was authenticated by a connect command. */
function expiring(expiresAt: number, { hand = 'n', user = 'alice', info = '' } = {}) {
  const world = ingressWorld();
  world.answers.set('hf1enter', ['connected', user, '', hand, String(expiresAt), info, '', 'plain']);
  world.answers.set('hf1refresh', 1);
  return world;
}

describe('the end of a permission', () => {
  it('is told in whole seconds, of which there is always one, and not at all where there is none', () => {
    expect(expiryOf(100, 40_000)).toEqual({ expires: true, ttl: 60 });
    expect(expiryOf(100, 40_001)).toEqual({ expires: true, ttl: 60 });
    expect(expiryOf(100, 99_999)).toEqual({ expires: true, ttl: 1 });
    expect(expiryOf(100, 101_000)).toEqual({ expires: true, ttl: 1 });
    expect(expiryOf(0, 101_000)).toEqual({});
  });

  it('comes after a grace', () => {
    const end = (100 + GRACE_SECONDS) * 1000;
    expect([end - 1, end].map((now) => isOver(100, now))).toEqual([false, true]);
    expect(isOver(0, end)).toBe(false);
  });
});

describe('connect', () => {
  it('says when a token has to be renewed, and nothing of one that came with the handshake', async () => {
    const pending = ingressWorld('pending');
    expect(await pending.serve({ id: 1, connect: { token: token() } })).toMatchObject([
      { id: 1, connect: minute },
    ]);
    const handshake = expiring(seconds() + 60, { hand: '1' });
    expect(await handshake.serve({ id: 1, connect: {} })).toEqual([
      { id: 1, connect: { client: 'conn=', version: SERVER_VERSION } },
    ]);
  });

  it('says nothing of an end that there is not', async () => {
    const world = ingressWorld('pending');
    expect(await world.serve({ id: 1, connect: { token: token({ expire_at: 0 }) } })).toEqual([
      { id: 1, connect: { client: 'conn=', version: SERVER_VERSION } },
    ]);
  });

  it('reconnects who comes too late for the token of the handshake', async () => {
    const world = expiring(seconds() - GRACE_SECONDS - 1, { hand: '1' });
    expect(await world.serve({ id: 1, connect: {} })).toEqual([disconnect(3005)]);
    const renewed = expiring(seconds() - GRACE_SECONDS - 1, { hand: '1' });
    expect(await renewed.serve({ id: 1, connect: { token: token() } })).toMatchObject([{ connect: minute }]);
  });

  it('takes who brings no token where anonymous connections are allowed, without a channel of an own', async () => {
    const world = ingressWorld('pending', { anonymous: true, userChannel: true });
    expect(await world.serve({ id: 1, connect: {} })).toEqual([
      { id: 1, connect: { client: 'conn=', version: SERVER_VERSION } },
    ]);
    expect(world.calls.find(({ script }) => script === 'hf1connect')?.args.slice(0, 2)).toEqual(['', 0]);
    expect(world.lines).toEqual([]);
  });
});

describe('a connection whose token is over', () => {
  it('is served within the grace', async () => {
    const world = expiring(seconds() - GRACE_SECONDS + 5);
    expect(await world.serve({ id: 1, ping: {} })).toEqual([{ id: 1, ping: {} }]);
  });

  it('is disconnected with 3005 by its next frame after that', async () => {
    const world = expiring(seconds() - GRACE_SECONDS - 1);
    expect(await world.serve({ id: 1, ping: {} }, { id: 2, ping: {} })).toEqual([disconnect(3005)]);
    expect(world.closed).toEqual(['conn=']);
  });
});

describe('refresh', () => {
  it('notes the end and what the token shows, and says when to come again', async () => {
    const world = expiring(seconds() - 5);
    const fresh = token({ info: { name: 'Al' }, iat: seconds() });
    expect(await world.serve({ id: 2, refresh: { token: fresh } })).toEqual([
      { id: 2, refresh: { client: 'conn=', version: SERVER_VERSION, ...minute } },
    ]);
    expect(world.calls.find(({ script }) => script === 'hf1refresh')?.args).toEqual([
      'alice',
      seconds() + 60,
      '{"name":"Al"}',
      seconds(),
    ]);
  });

  it('counts for what stands behind it in its frame', async () => {
    const world = expiring(seconds() - 5);
    const fresh = token({ info: { name: 'Al' } });
    await world.serve(
      { id: 2, refresh: { token: fresh } },
      { id: 3, publish: { channel: 'room:a', data: 1 } },
    );
    expect(world.deliveries).toMatchObject([
      { info: { user: 'alice', client: 'conn=', conn_info: { name: 'Al' } } },
    ]);
  });

  it.each([
    ['another user', () => token({ sub: 'bob' }), 3500],
    ['a forged token', () => `${token()}x`, 3500],
    ['no token', () => '', 3500],
    ['an expired token', () => token({ exp: 1 }), 3005],
  ])('disconnects %s', async (_, make, code) => {
    const world = expiring(seconds() + 60);
    expect(await world.serve({ id: 2, refresh: { token: make() } })).toEqual([disconnect(code)]);
    expect(world.ran).not.toContain('hf1refresh');
  });

  it('never makes an anonymous connection of one with a user, nor the other way round', async () => {
    const alice = expiring(seconds() + 60);
    expect(await alice.serve({ id: 2, refresh: { token: '' } })).toEqual([disconnect(3500)]);
    const nobody = expiring(0, { user: '' });
    expect(await nobody.serve({ id: 2, refresh: { token: token() } })).toEqual([disconnect(3500)]);
  });

  it('is temporarily refused while Redis is away or the connection ends', async () => {
    for (const answer of [new Error('away'), 0]) {
      const world = expiring(seconds() + 60);
      world.answers.set('hf1refresh', answer);
      expect(await world.serve({ id: 2, refresh: { token: token() } })).toMatchObject([
        { id: 2, error: { code: 100, temporary: true } },
      ]);
    }
  });
});

describe('sub_refresh', () => {
  const refresh = (claims: Record<string, unknown> = {}) => ({
    id: 3,
    sub_refresh: { channel: 'room:a', token: token({ channel: 'room:a', ...claims }) },
  });

  it('notes the end and what the token shows, and says when to come again', async () => {
    const world = expiring(0);
    world.answers.set('hf1renewsubscription', 1);
    expect(await world.serve(refresh({ info: { seat: 4 } }))).toEqual([{ id: 3, sub_refresh: minute }]);
    expect(world.calls.find(({ script }) => script === 'hf1renewsubscription')?.args).toEqual([
      's:room:a',
      's',
      seconds() + 60,
      '{"seat":4}',
    ]);
  });

  it('has no end where the token says so', async () => {
    const world = expiring(0);
    world.answers.set('hf1renewsubscription', 1);
    expect(await world.serve(refresh({ expire_at: 0 }))).toEqual([{ id: 3, sub_refresh: {} }]);
  });

  it.each([
    ['of another channel', { channel: 'room:b' }, 103],
    ['of another user', { sub: 'bob' }, 103],
    ['that has expired', { exp: 1 }, 110],
  ])('refuses a token %s', async (_, claims, code) => {
    const world = expiring(0);
    expect(await world.serve(refresh(claims))).toMatchObject([{ id: 3, error: { code } }]);
    expect(world.ran).not.toContain('hf1renewsubscription');
  });

  it('answers 103 who is not subscribed', async () => {
    const world = expiring(0);
    world.answers.set('hf1renewsubscription', 0);
    expect(await world.serve(refresh())).toMatchObject([{ id: 3, error: { code: 103 } }]);
  });
});
