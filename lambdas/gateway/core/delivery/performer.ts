import { DISCONNECTS, UNSUBSCRIBES } from '../../../contract/codes';
import { encodeFrame } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { Connections } from '../connections/connection';
import type { Departures } from '../connections/departures';
import type { PostBudget } from '../limits/post-budget';
import { inParallel } from '../parallel';
import type { Clock, Log, Poster, PostOutcome } from '../ports';
import type { Roster } from '../presence/roster';
import type { Allowance } from './allowance';
import type { Flights } from './flights';
import { toldUpTo } from './moves';
import type { Member } from './partitions';
import type { Plan, Post } from './plan';
import type { Taken } from './receipts';
import { SlowPosts } from './slow-posts';
import { LOCK_MS, REST_MS } from './times';

/** One partition's posts at a time: enough to reach 500 members in a second at 40 ms a post. */
const POSTS_AT_ONCE = 20;

/** A post that takes longer leaves its round, so that the others do not wait for it. */
const SLOW_POST_MS = 500;

/** When a slow post has long ended (its own limit is 2.5 s) and was settled, or whoever waited for it is dead. */
const FLIGHT_MS = LOCK_MS;

/** A 410 is not believed of a connection so young: posts may find none yet while a handshake ends. */
const YOUNG_MS = 30_000;

/** A round whose posts may begin. */
export interface Round {
  readonly channel: string;
  readonly plan: Plan;
  readonly formerCursor: number;
  /** The partition's last join or leave before. */
  readonly formerMoves: number | undefined;
  readonly inTime: () => boolean;
  readonly allowance: Allowance;
  readonly flights: Flights;
}

/** A round while its posts are out. */
interface RunningRound extends Round {
  readonly slowPosts: SlowPosts;
}

/** What a round did to one member. */
export interface Outcome {
  readonly change?: Member;
  readonly removal?: Member;
  /** Its socket took these. */
  readonly taken?: Taken;
  /** The connection is gone: the rest of what it was is to be cleaned up. */
  readonly gone?: string;
}

export interface PerformerParts {
  readonly connections: Connections;
  readonly departures: Departures;
  readonly roster: Pick<Roster, 'leaveLater'>;
  readonly poster: Poster;
  readonly budget: Pick<PostBudget, 'spend'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Does what a plan says to members and their connections, and finds out what came of it. */
export class Performer {
  readonly #parts: PerformerParts;

  constructor(parts: PerformerParts) {
    this.#parts = parts;
  }

  /** Never rejects: what cannot be done is an outcome. */
  async perform(round: Round): Promise<readonly Outcome[]> {
    const { channel, plan, inTime, allowance } = round;
    const { clock } = this.#parts;
    const slowPosts = new SlowPosts(clock, SLOW_POST_MS);
    const running = { ...round, slowPosts };
    // Who is to recover does so at once. A close is a push and a request.
    this.#parts.budget.spend(plan.tellings.length + 2 * plan.closings.length);
    const mayTell = await this.#leaveLater(channel, plan.tellings);
    const jobs: (() => Promise<Outcome>)[] = [
      ...plan.closings.map((member) => () => this.#close(member, inTime)),
      ...plan.tellings.map((member) => async () => {
        return mayTell ? this.#tell(channel, member, inTime) : this.#resting(member);
      }),
      ...plan.posts.map((post) => async () => {
        if (!(await allowance.next())) return waiting(post.member, round, clock.now() + REST_MS);
        return this.#post(running, post);
      }),
    ];
    const skipped: (() => Outcome)[] = [
      ...plan.closings.map(() => () => ({})),
      ...plan.tellings.map(() => () => ({})),
      ...plan.posts.map((post) => () => waiting(post.member, round, 0)),
    ];
    try {
      return await inParallel([...jobs.keys()], POSTS_AT_ONCE, async (index) => {
        const run = inTime() ? jobs[index] : skipped[index];
        return run ? run() : {};
      });
    } finally {
      slowPosts.end();
    }
  }

  /** Who is told 2500 comes back at once and has not left by then. Answers whether the message for who does not is on its way. */
  async #leaveLater(channel: string, members: readonly Member[]): Promise<boolean> {
    const listed = members.filter((member) => member.listed);
    if (listed.length === 0) return true;
    try {
      // Whether it is told on the bus, the list of the channel knows.
      const ended = listed.map(({ connection, nonce }) => ({ channel, connection, nonce, lifecycle: true }));
      await this.#parts.roster.leaveLater(ended);
      return true;
    } catch (error) {
      this.#parts.log('warn', 'members not told, no wake for who leaves', { channel, ...causeOf(error) });
      return false;
    }
  }

  async #post(round: RunningRound, post: Post): Promise<Outcome> {
    const { poster, clock } = this.#parts;
    const { member, frame, last, moves } = post;
    const { formerCursor, formerMoves, plan, flights, slowPosts } = round;
    const posting = poster.post(member.connection, frame).then((outcome) => whatCounts(outcome, post));
    const outcome = await slowPosts.unlessSlow(posting);
    if (outcome === undefined) {
      const lands = async (late: PostOutcome) => {
        const { change } = await this.#posted(late, member, round);
        // The cursor may have gone on meanwhile, so a member that has it all is behind all the same.
        const told = toldUpTo(moves, plan.moves ?? formerMoves);
        return late === 'ok'
          ? { ...member, state: 'behind' as const, offset: last, moves: told, until: 0 }
          : change;
      };
      flights.add({ member, outcome: posting, lands, taken: takenBy(post, round) });
      const offset = member.offset ?? formerCursor;
      const told = toldUpTo(member.moves, formerMoves);
      return { change: { ...member, state: 'flying', offset, moves: told, until: clock.now() + FLIGHT_MS } };
    }
    if (outcome !== 'ok') return this.#posted(outcome, member, round);
    const taken = takenBy(post, round);
    if (member.state === 'active') {
      return moves === member.moves ? { taken } : { taken, change: { ...member, moves } };
    }
    return last === plan.cursor
      ? { taken, change: { ...member, state: 'active', offset: undefined } }
      : { taken, change: { ...member, offset: last, until: 0 } };
  }

  /** What becomes of a member by a post that did not succeed. */
  async #posted(outcome: PostOutcome, member: Member, round: Round): Promise<Outcome> {
    if (outcome === 'ok') return {};
    if (outcome === 'throttled') return waiting(member, round, this.#parts.clock.now() + REST_MS);
    if (outcome === 'gone' && (await this.#isYoung(member.connection))) {
      return waiting(member, round, this.#parts.clock.now() + REST_MS);
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
    const { connections, poster, log } = this.#parts;
    const { connection, nonce } = member;
    try {
      if ((await connections.drop(connection, channel, nonce)) === 'other') return { removal: member };
    } catch (error) {
      log('warn', 'subscription not dropped', { connection, ...causeOf(error) });
      return this.#resting(member);
    }
    if (!inTime()) return this.#resting(member);
    const frame = encodeFrame([{ push: { channel, unsubscribe: UNSUBSCRIBES.insufficientState } }]);
    const outcome = await poster.post(connection, frame);
    if (outcome === 'ok') return { removal: member };
    if (outcome === 'throttled' || (outcome === 'gone' && (await this.#isYoung(connection))))
      return this.#resting(member);
    return this.#ended(member, outcome);
  }

  #resting(member: Member): Outcome {
    return { change: { ...member, until: this.#parts.clock.now() + REST_MS } };
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

  /** After the commit: the rest of connections that are gone. Never rejects. */
  async cleanUp(outcomes: readonly Outcome[]): Promise<void> {
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

/** Not posted to, known for sure: the member keeps its own position and is served again. */
function waiting(member: Member, { formerCursor, formerMoves }: Round, until: number): Outcome {
  const offset = member.offset ?? formerCursor;
  return {
    change: { ...member, state: 'behind', offset, moves: toldUpTo(member.moves, formerMoves), until },
  };
}

/** What a post brings: nothing where it has joins and leaves alone. */
function takenBy({ member, last }: Post, { plan, formerCursor }: Round): Taken {
  return { epoch: plan.epoch, after: member.offset ?? formerCursor, upTo: last };
}

/** Joins and leaves are told once at most: whether a frame of nothing else arrived makes no difference. */
function whatCounts(outcome: PostOutcome, { publications }: Post): PostOutcome {
  return !publications && (outcome === 'unknown' || outcome === 'failed') ? 'ok' : outcome;
}
