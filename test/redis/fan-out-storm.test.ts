import { setTimeout as sleep } from 'node:timers/promises';
import { channelKeys, connectionKey, dueKey, partitionKey, userKeys } from '../../lambdas/gateway/core/keys';
import { dueShardOf } from '../../lambdas/gateway/core/liveness/due-set';
import { rounds } from '../support/counts';
import { upTo } from '../support/publishing';
import { mostInASecond } from '../support/rates';
import { operatorRedis } from '../support/redis';
import { faultsOf } from '../support/sightings';
import { Storm, userOf } from '../support/storm/storm';
import { unique } from './gateway-world';

const SUBSCRIBERS = rounds(60, 2_000);
const PUBLICATIONS = rounds(12, 100);
const PACE_MS = rounds(200, 400);
const KILLS = rounds(1, 10);
/** So few that drains have to wait for them. */
const POSTS_PER_SECOND = rounds(40, 1_200);
/** As the queues have it. In the small form just above the lock of a courier that died soon, so only such ones are killed. */
const VISIBILITY_SECONDS = rounds(9, 20);
const KILLED_WITHIN_MS = rounds(900, Number.POSITIVE_INFINITY);
/** Until what the replies of the subscribes took of the budget is paid back. */
const BUDGET_REST_MS = 1_200;
const SETTLING_MS = rounds(45_000, 120_000);

const operator = operatorRedis();
afterAll(() => operator.disconnect());

let storm: Storm;
afterEach(() => storm.end());

/** Publishes 1, 2, 3 and so on, and kills couriers that post, until enough of both. Answers how many were published. */
async function publishAndKill(channel: string): Promise<number> {
  let published = 0;
  let kills = 0;
  while (published < PUBLICATIONS || kills < KILLS) {
    await storm.publish(channel, ++published);
    const due = (kills + 0.5) * (PUBLICATIONS / KILLS);
    if (published >= due && (await storm.killCourier(KILLED_WITHIN_MS))) kills++;
    await sleep(2 * PACE_MS * storm.random());
  }
  return published;
}

async function topOf(channel: string): Promise<number> {
  return Number(await operator.hget(channelKeys(channel).meta, 'top'));
}

/** Waits until everybody has everything and nothing is to be done any more. */
async function settled(published: number): Promise<void> {
  const deadline = Date.now() + SETTLING_MS;
  let quiet = 0;
  // A courier that ends may still send what wakes the next, so one look is not enough.
  while (quiet < 3) {
    const behind = storm.seen.filter(({ position }) => position?.offset !== published).length;
    quiet = storm.isQuiet && behind === 0 ? quiet + 1 : 0;
    if (Date.now() > deadline) {
      throw new Error(
        `expected everybody at ${published}, got ${behind} behind, ${storm.queues.messages} messages left`,
      );
    }
    await sleep(100);
  }
}

/** The connections that the channel's partitions have as members. */
async function membersOf(channel: string): Promise<readonly string[]> {
  const partitions = Object.keys(await operator.hgetall(channelKeys(channel).meta)).length;
  const fields = await Promise.all(
    upTo(partitions).map((count) => operator.hkeys(partitionKey(channel, count - 1))),
  );
  return fields.flat().flatMap((field) => (field.startsWith('m:') ? [field.slice(2)] : []));
}

/** What Redis still has of connections whose sockets are gone, beside their tombstones. */
async function remainsOf(gone: Iterable<string>): Promise<readonly string[]> {
  const remains: string[] = [];
  for (const connection of gone) {
    const due = await operator.zscore(dueKey(dueShardOf(connection)), connection);
    if (due !== null) remains.push(`${connection} is due`);
    const state = await operator.hget(connectionKey(connection), 'state');
    if (state !== null && state !== 'closed') remains.push(`${connection} is ${state}`);
  }
  return remains;
}

async function connectionsOfUsers(): Promise<readonly string[]> {
  const users = storm.clients.map((_, n) => operator.hkeys(userKeys(userOf(n)).connections));
  return (await Promise.all(users)).flat();
}

it.each(upTo(rounds(1, 2)))(
  'posts that fail and couriers that are killed: every subscriber ends complete, in order, once (seed %i)',
  async (seed) => {
    storm = await Storm.begin({
      seed,
      postsPerSecond: POSTS_PER_SECOND,
      couriers: 2,
      visibilitySeconds: VISIBILITY_SECONDS,
      youngShare: rounds(0, 0.5),
    });
    const channel = unique('room:');
    await storm.subscribe(channel, SUBSCRIBERS);
    await sleep(BUDGET_REST_MS);
    const published = await publishAndKill(channel);
    await settled(published);

    expect(await topOf(channel)).toBe(published);
    expect(storm.seen.flatMap(({ all }) => faultsOf(all))).toEqual([]);
    const complete = JSON.stringify(upTo(published));
    expect(storm.seen.filter(({ data }) => JSON.stringify(data) !== complete)).toEqual([]);

    const live = [...storm.gateway.live].sort();
    expect(live).toHaveLength(SUBSCRIBERS);
    expect([...(await membersOf(channel))].sort()).toEqual(live);
    expect([...(await connectionsOfUsers())].sort()).toEqual(live);
    expect(storm.gateway.gone.size).toBeGreaterThan(SUBSCRIBERS / 20);
    expect(await remainsOf(storm.gateway.gone)).toEqual([]);

    const most = mostInASecond(storm.couriers.posts);
    expect(most).toBeLessThanOrEqual(POSTS_PER_SECOND);
    // Else it proves nothing that the budget was kept.
    expect(most).toBeGreaterThan(POSTS_PER_SECOND / 4);
    expect([...storm.server.met.keys()].sort()).toEqual([410, 429, 500, 'hang', 'ok']);
  },
  rounds(90_000, 400_000),
);
