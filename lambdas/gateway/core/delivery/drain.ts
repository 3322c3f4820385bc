import { randomBytes } from 'node:crypto';
import { DISCONNECTS, UNSUBSCRIBES } from '../../../contract/codes';
import { encodeFrame } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { Connections } from '../connections/connection';
import type { Departures } from '../connections/departures';
import { inParallel } from '../parallel';
import type { Clock, Log, Poster, PostOutcome, WakeQueue } from '../ports';
import type { Channels } from './channels';
import { Flights } from './flights';
import { isDue, merge, nextTimer } from './members-after';
import type { Member, Partitions } from './partitions';
import { lowestBehind, type Plan, type Post, planRound } from './plan';

/**
 * How long a round may hold a partition. Posts start until `POST_RESERVE_MS` before its end, also where Redis has to be
 * asked first, and a push with the close after it ends within 5 s (twice the poster's time limit), so every post has ended
 * when the lock does. What of a round needs no lock runs after its commit.
 */
export const LOCK_MS = 8_000;
export const POST_RESERVE_MS = 5_000;

/**
 * A courier begins rounds for this long, then hands over by a wake. `COURIER_BUDGET_MS + LOCK_MS` must fit into its
 * function's timeout (15 s), and the queues' visibility must exceed that, so that a repeat finds the lock expired.
 */
export const COURIER_BUDGET_MS = 6_000;

/** One partition's posts at a time: enough to reach 500 members in a second at 40 ms a post. */
const POSTS_AT_ONCE = 20;

/** How long a member rests whose post was throttled: a second is what queues can delay at least. */
const REST_MS = 1_000;

const MAX_DELAY_SECONDS = 900;

/** A post that takes longer leaves its round, so that the others do not wait for it. */
const SLOW_POST_MS = 500;

/** When a slow post has long ended (its own limit is 2.5 s) and was settled, or whoever waited for it is dead. */
const FLIGHT_MS = LOCK_MS;

/** A 410 is not believed of a connection so young: posts may find none yet while a handshake ends. */
const YOUNG_MS = 30_000;

interface Round {
  readonly channel: string;
  readonly plan: Plan;
  readonly formerCursor: number;
  readonly inTime: () => boolean;
  readonly flights: Flights;
}

interface Outcome {
  readonly change?: Member;
  readonly removal?: Member;
  /** The connection is gone: the rest of what it was is to be cleaned up. */
  readonly gone?: string;
}

interface RoundResult {
  /** There is more to do now. */
  readonly again: boolean;
  /** Epoch ms at which there is something to do later. */
  readonly at?: number | undefined;
}

export interface DrainParts {
  readonly channels: Channels;
  readonly partitions: Partitions;
  readonly connections: Connections;
  readonly departures: Departures;
  readonly poster: Poster;
  readonly wakes: WakeQueue;
  readonly clock: Clock;
  readonly log: Log;
}

/** Brings what is in a channel's log to the members of its partitions. Only couriers drain. */
export class Drain {
  readonly #parts: DrainParts;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  /**
   * Drains a partition until its members have everything, or until `endsAt` (epoch ms), then hands over by a wake. Returns at
   * once where another drain holds the partition: that one looks again. Rejects where Redis or the wakes queue fails; the
   * message that asked for the drain must then be delivered again.
   */
  async drain(channel: string, partition: number, endsAt: number): Promise<void> {
    const flights = new Flights(this.#parts, channel, partition);
    for (;;) {
      let landed: Awaited<ReturnType<Flights['land']>>;
      try {
        await this.#rounds(channel, partition, endsAt, flights);
      } finally {
        landed = await flights.land();
      }
      if (landed.removed > 0) await this.#parts.departures.vacate(channel, partition, landed.removed);
      if (!landed.again) return;
    }
  }

  async #rounds(channel: string, partition: number, endsAt: number, flights: Flights): Promise<void> {
    const { clock } = this.#parts;
    while (clock.now() < endsAt) {
      const { again, at } = await this.#round(channel, partition, flights);
      if (again) continue;
      if (at !== undefined) {
        const seconds = Math.ceil((at - clock.now()) / 1000);
        await this.#wake(channel, partition, Math.min(Math.max(seconds, 1), MAX_DELAY_SECONDS));
      }
      return;
    }
    await this.#wake(channel, partition, 0);
  }

  #wake(channel: string, partition: number, delaySeconds: number): Promise<void> {
    return this.#parts.wakes.send({ v: 1, type: 'drain', channel, partition }, delaySeconds);
  }

  async #round(channel: string, partition: number, flights: Flights): Promise<RoundResult> {
    const { channels, partitions, departures, clock } = this.#parts;
    const token = randomBytes(9).toString('base64url');
    const now = clock.now();
    const deadline = now + LOCK_MS;
    const begun = await partitions.begin(channel, partition, token, now, deadline);
    if (begun.result !== 'held') return { again: false };

    const { view } = begun;
    const reader = { partition, token, last: view.lastReader };
    const log = await channels.read(channel, reader, view.cursor, lowestBehind(view, now));
    const plan = planRound(channel, view, log, now);
    if (plan.posts.length > 0 && !(await this.#announce(channel, partition, token, plan, view.cursor))) {
      return { again: false, at: now + REST_MS };
    }
    const inTime = () => clock.now() < deadline - POST_RESERVE_MS;
    const outcomes = await this.#perform({ channel, plan, formerCursor: view.cursor, inTime, flights });
    const changes = [...plan.changes, ...outcomes.flatMap(({ change }) => (change ? [change] : []))];
    const removals = outcomes.flatMap(({ removal }) => (removal ? [removal] : []));
    const committed = await partitions.commit(channel, partition, token, clock.now(), {
      epoch: plan.epoch,
      cursor: plan.cursor,
      posted: plan.posts.length > 0,
      changes,
      removals,
    });
    if (committed.result === 'lost') {
      this.#parts.log('warn', 'lock lost before the commit', { channel, partition });
      return { again: false, at: clock.now() + REST_MS };
    }
    if (plan.newEpoch) await this.#wake(channel, partition + 1, 0);
    if (committed.removed > 0) await departures.vacate(channel, partition, committed.removed);
    await this.#cleanUp(outcomes);

    const members = merge(view.members, changes, removals);
    return {
      again: committed.dirty || plan.cursor < log.top || members.some((member) => isDue(member, plan, now)),
      at: nextTimer(members, plan.cursor, now),
    };
  }

  /** Before the first post: the partition knows what is out, and the channel's witness what will be seen. */
  async #announce(channel: string, partition: number, token: string, plan: Plan, formerCursor: number) {
    const { channels, partitions } = this.#parts;
    const { epoch, cursor, tag } = plan;
    const [announced] = await Promise.all([
      partitions.announce(channel, partition, token, cursor),
      // What is behind the former cursor was seen before.
      cursor > formerCursor ? channels.witness(channel, { epoch, offset: cursor, tag }) : undefined,
    ]);
    return announced;
  }

  async #perform(round: Round): Promise<readonly Outcome[]> {
    const { channel, plan, formerCursor, inTime } = round;
    const jobs: (() => Promise<Outcome>)[] = [
      ...plan.closings.map((member) => () => this.#close(member, inTime)),
      ...plan.tellings.map((member) => () => this.#tell(channel, member, inTime)),
      ...plan.posts.map((post) => () => this.#post(round, post)),
    ];
    const skipped: (() => Outcome)[] = [
      ...plan.closings.map(() => () => ({})),
      ...plan.tellings.map(() => () => ({})),
      ...plan.posts.map((post) => () => waiting(post.member, formerCursor, 0)),
    ];
    return inParallel([...jobs.keys()], POSTS_AT_ONCE, async (index) => {
      const run = inTime() ? jobs[index] : skipped[index];
      return run ? run() : {};
    });
  }

  async #post(round: Round, post: Post): Promise<Outcome> {
    const { poster, clock } = this.#parts;
    const { member, frame, last } = post;
    const { formerCursor, plan, flights } = round;
    const posting = poster.post(member.connection, frame);
    const outcome = await this.#unlessSlow(posting);
    if (outcome === undefined) {
      const lands = async (late: PostOutcome) => {
        const { change } = await this.#posted(late, member, formerCursor);
        // The cursor may have gone on meanwhile, so a member that has it all is behind all the same.
        return late === 'ok' ? { ...member, state: 'behind' as const, offset: last, until: 0 } : change;
      };
      flights.add({ member, outcome: posting, lands });
      const offset = member.offset ?? formerCursor;
      return { change: { ...member, state: 'flying', offset, until: clock.now() + FLIGHT_MS } };
    }
    if (outcome !== 'ok') return this.#posted(outcome, member, formerCursor);
    if (member.state === 'active') return {};
    return last === plan.cursor
      ? { change: { ...member, state: 'active', offset: undefined } }
      : { change: { ...member, offset: last, until: 0 } };
  }

  /** The outcome of a post, or undefined where it takes too long for its round. */
  async #unlessSlow(posting: Promise<PostOutcome>): Promise<PostOutcome | undefined> {
    const waiting = new AbortController();
    const slow = this.#parts.clock.sleep(SLOW_POST_MS, waiting.signal).then(
      () => undefined,
      () => undefined,
    );
    const outcome = await Promise.race([posting, slow]);
    waiting.abort();
    return outcome;
  }

  /** What becomes of a member by a post that did not succeed. */
  async #posted(outcome: PostOutcome, member: Member, formerCursor: number): Promise<Outcome> {
    if (outcome === 'ok') return {};
    if (outcome === 'throttled') return waiting(member, formerCursor, this.#parts.clock.now() + REST_MS);
    if (outcome === 'gone' && (await this.#isYoung(member.connection))) {
      return waiting(member, formerCursor, this.#parts.clock.now() + REST_MS);
    }
    return this.#ended(member, outcome);
  }

  async #isYoung(connection: string): Promise<boolean> {
    const { connections, clock, log } = this.#parts;
    try {
      const openedAt = await connections.openedAt(connection);
      return openedAt !== undefined && clock.now() - openedAt < YOUNG_MS;
    } catch (error) {
      log('warn', 'age of a connection not readable', { connection, ...causeOf(error) });
      return false;
    }
  }

  /** The subscription ends on the gateway's side first: the client subscribes again as soon as it has the push. */
  async #tell(channel: string, member: Member, inTime: () => boolean): Promise<Outcome> {
    const { connections, poster, clock, log } = this.#parts;
    const { connection, nonce } = member;
    const rests = () => ({ change: { ...member, until: clock.now() + REST_MS } });
    try {
      if ((await connections.drop(connection, channel, nonce)) === 'other') return { removal: member };
    } catch (error) {
      log('warn', 'subscription not dropped', { connection, ...causeOf(error) });
      return rests();
    }
    if (!inTime()) return rests();
    const frame = encodeFrame([{ push: { channel, unsubscribe: UNSUBSCRIBES.insufficientState } }]);
    const outcome = await poster.post(connection, frame);
    if (outcome === 'ok') return { removal: member };
    if (outcome === 'throttled' || (outcome === 'gone' && (await this.#isYoung(connection)))) return rests();
    return this.#ended(member, outcome);
  }

  #ended(member: Member, outcome: Exclude<PostOutcome, 'ok' | 'throttled'>): Outcome {
    if (outcome === 'gone') return { removal: member, gone: member.connection };
    this.#parts.log('warn', 'post with an outcome that cannot be repaired in place', {
      connection: member.connection,
      outcome,
    });
    return { change: { ...member, state: 'closing', until: 0 } };
  }

  async #close(member: Member, inTime: () => boolean): Promise<Outcome> {
    const { departures, poster, clock } = this.#parts;
    const disconnect = DISCONNECTS.insufficientState;
    this.#parts.log('warn', 'member closed to recover', {
      connection: member.connection,
      code: disconnect.code,
    });
    const closed = await departures.end(poster, member.connection, disconnect, inTime);
    return closed
      ? { removal: member, gone: member.connection }
      : { change: { ...member, until: clock.now() + REST_MS } };
  }

  async #cleanUp(outcomes: readonly Outcome[]): Promise<void> {
    const gone = outcomes.flatMap((outcome) => (outcome.gone ? [outcome.gone] : []));
    await inParallel(gone, POSTS_AT_ONCE, async (connection) => {
      try {
        await this.#parts.departures.depart(connection);
      } catch (error) {
        // Its other partitions find out by themselves, and TTLs end the rest.
        this.#parts.log('warn', 'clean-up of a gone connection failed', { connection, ...causeOf(error) });
      }
    });
  }
}

/** Not posted to, known for sure: the member keeps its own offset and is served again. */
function waiting(member: Member, formerCursor: number, until: number): Outcome {
  return { change: { ...member, state: 'behind', offset: member.offset ?? formerCursor, until } };
}
