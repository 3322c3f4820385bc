import { storesOn } from '../../lambdas/gateway/core/adapters/state';
import type { Identity } from '../../lambdas/gateway/core/connections/connection';
import { connectionOf } from '../../lambdas/gateway/core/connections/redis-connections';
import { connectionKey } from '../../lambdas/gateway/core/keys';
import { operatorRedis } from '../support/redis';
import { testScripts, unique } from './gateway-world';

const scripts = testScripts();
const { connections } = storesOn(scripts);
const operator = operatorRedis();

afterAll(async () => {
  await scripts.disconnect();
  operator.disconnect();
});

const alice: Identity = {
  user: 'alice',
  expiresAt: 1_700_000_060,
  issuedAt: 1_700_000_000,
  info: '{"name":"Alice Ü"}',
  channels: ['room:a', 'room:b'],
};

const fields = async (id: string) =>
  (await operator.hmget(connectionKey(id), 'user', 'exp', 'info', 'iat')).map((field) => field ?? '');

/** The connection as a frame's script reads it. */
const read = async (id: string) =>
  connectionOf(
    (await operator.hmget(connectionKey(id), 'state', 'user', 'channels', 'hand', 'exp')).map(
      (field) => field ?? '',
    ),
  );

describe('what a token says', () => {
  it('is kept from the handshake on, and nothing of what it does not say', async () => {
    const [known, unknown] = [unique('c'), unique('c')];
    await connections.open(known, alice);
    await connections.open(unknown, undefined);
    expect(await fields(known)).toEqual(['alice', '1700000060', alice.info, '1700000000']);
    expect(await fields(unknown)).toEqual(['', '0', '', '']);
    expect(Object.keys(await operator.hgetall(connectionKey(unknown)))).toEqual([
      'state',
      'user',
      'exp',
      'at',
    ]);
  });

  it('is kept from the connect command on', async () => {
    const id = unique('c');
    await connections.open(id, undefined);
    await connections.connect(id, alice, 'n');
    expect(await fields(id)).toEqual(['alice', '1700000060', alice.info, '1700000000']);
  });

  it('at the connect command replaces what the one at the handshake said', async () => {
    const id = unique('c');
    await connections.open(id, alice);
    await connections.connect(id, { user: 'alice', expiresAt: 0, issuedAt: 0, channels: [] }, 'n');
    expect(await fields(id)).toEqual(['alice', '0', '', '0']);
  });

  it('at the handshake stays where the connect command brings no token', async () => {
    const id = unique('c');
    await connections.open(id, alice);
    await connections.connect(id, (await read(id)).identity, 'n');
    expect(await fields(id)).toEqual(['alice', '1700000060', alice.info, '1700000000']);
  });
});

describe('server-side subscriptions of a handshake', () => {
  it('come back as they were, with what the token adds to some', async () => {
    const id = unique('c');
    const subs = new Map([['room:b', { info: '{"role":"host"}', data: { a: [1] } }]]);
    await connections.open(id, { ...alice, subs });
    const { identity } = await read(id);
    expect(identity).toEqual({ user: 'alice', expiresAt: alice.expiresAt, channels: alice.channels, subs });
  });

  it('are a list of names where the token adds nothing', async () => {
    const id = unique('c');
    await connections.open(id, { ...alice, subs: new Map() });
    expect(await operator.hget(connectionKey(id), 'channels')).toBe('["room:a","room:b"]');
    expect((await read(id)).identity).toEqual({
      user: 'alice',
      expiresAt: 1_700_000_060,
      channels: ['room:a', 'room:b'],
    });
  });
});
