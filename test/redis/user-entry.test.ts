import { SignJWT } from 'jose';
import { systemClock } from '../../lambdas/gateway/core/clock';
import { connectionKey, dueKey } from '../../lambdas/gateway/core/keys';
import { RedisUsers } from '../../lambdas/gateway/core/limits/redis-limits';
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
function sandbox() {
  return world.sandbox({
    users: new RedisUsers(world.scripts, systemClock, 2),
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

describe('a connect command', () => {
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
