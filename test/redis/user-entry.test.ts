import { SignJWT } from 'jose';
import { systemClock } from '../../lambdas/gateway/core/clock';
import { connectionKey, dueKey, userKeys } from '../../lambdas/gateway/core/keys';
import { RedisUsers } from '../../lambdas/gateway/core/limits/redis-limits';
import type { Users } from '../../lambdas/gateway/core/limits/users';
import { dueShardOf } from '../../lambdas/gateway/core/liveness/due-set';
import { unique } from './gateway-world';
import { inboxWorld, text } from './inbox-world';

let world: Awaited<ReturnType<typeof inboxWorld>>;
const noted: string[] = [];

beforeEach(async () => {
  world = await inboxWorld();
  noted.length = 0;
});
afterEach(() => world.end());

const SECONDS = Math.floor(Date.now() / 1000);

const token = (user: string, issuedAt: number, expiresAt = SECONDS + 3_600) =>
  new SignJWT({ sub: user, exp: expiresAt, iat: issuedAt })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(world.secret);

/** A sandbox of a gateway that allows each user two connections. */
function sandbox(users: Users = new RedisUsers(world.scripts, systemClock, 2)) {
  return world.sandbox({
    users,
    noteLimit: (name) => {
      noted.push(name);
    },
  });
}

async function connected(user: string, issuedAt = SECONDS): Promise<string> {
  const id = await world.pending();
  await sandbox().handle(id, text({ id: 1, connect: { token: await token(user, issuedAt) } }));
  return id;
}

/** Users whose connection ends while it enters: its `$disconnect` is served before or after its entry. */
function leftWhileEntering(when: 'before' | 'after'): Users {
  const { users, departures } = world;
  return {
    enter: async (id, identity) => {
      if (when === 'before') await departures.depart(id);
      const entry = await users.enter(id, identity);
      if (when === 'after') await departures.depart(id);
      return entry;
    },
    leave: users.leave.bind(users),
    isRevoked: users.isRevoked.bind(users),
    revoke: users.revoke.bind(users),
  };
}

const placesOf = (user: string) => world.operator.hkeys(userKeys(user).connections);

describe('a connect command', () => {
  it.each(['before', 'after'] as const)(
    'takes no place of its user for a connection that ended just %s its entry',
    async (when) => {
      const user = unique('user');
      const id = await world.pending();
      const connect = { token: await token(user, SECONDS) };
      await sandbox(leftWhileEntering(when)).handle(id, text({ id: 1, connect }));
      expect(await placesOf(user)).toEqual([]);
    },
  );

  it.each(['revoked', 'limit'] as const)(
    'connects nobody, not even for a moment, who is refused: %s',
    async (entry) => {
      const id = await world.pending();
      const connect = { token: await token(unique('user'), SECONDS) };
      const users: Users = { ...leftWhileEntering('before'), enter: async () => entry };
      await sandbox(users).handle(id, text({ id: 1, connect }));
      expect(await world.connections.wasConnected(id)).toBe(false);
    },
  );

  it('ends with 3504 for the connection of a user that is one too many, and frees no other', async () => {
    const user = unique('user');
    const open = [await connected(user), await connected(user)];
    const third = await connected(user);
    expect(world.disconnects(third)).toEqual([3504]);
    expect(noted).toEqual(['connectionsPerUser']);
    for (const id of open) expect(world.disconnects(id)).toEqual([]);
    await world.departures.depart(open[0] ?? '');
    expect(world.disconnects(await connected(user))).toEqual([]);
  });

  it('ends with 3500 where its token was revoked', async () => {
    const user = unique('user');
    await world.users.revoke(user, SECONDS);
    expect(world.disconnects(await connected(user, SECONDS - 1))).toEqual([3500]);
    expect(world.disconnects(await connected(user, SECONDS))).toEqual([]);
  });
});

describe('a refresh', () => {
  const refresh = async (id: string, given: Promise<string>) =>
    sandbox().handle(id, text({ id: 2, refresh: { token: await given } }));

  it('ends with 3500 where its token was revoked', async () => {
    const user = unique('user');
    const id = await connected(user);
    await world.users.revoke(user, SECONDS);
    await refresh(id, token(user, SECONDS - 1));
    expect(world.disconnects(id)).toEqual([3500]);
  });

  it.each(['before', 'after'] as const)(
    'takes no place of its user for a connection that ended just %s its entry',
    async (when) => {
      const user = unique('user');
      const id = await connected(user);
      expect(await placesOf(user)).toEqual([id]);
      const refresh = { token: await token(user, SECONDS) };
      await sandbox(leftWhileEntering(when)).handle(id, text({ id: 2, refresh }));
      expect(await placesOf(user)).toEqual([]);
    },
  );

  it('brings the next look forward where the new token ends sooner', async () => {
    const user = unique('user');
    const id = await connected(user);
    const due = async () => Number(await world.operator.zscore(dueKey(dueShardOf(id)), id));
    await world.due.note(id, Date.now() + 400_000);
    await refresh(id, token(user, SECONDS, SECONDS + 60));
    expect(await due()).toBe((SECONDS + 60) * 1000 + 25_000);
    expect(await world.operator.hget(connectionKey(id), 'exp')).toBe(String(SECONDS + 60));
  });
});
