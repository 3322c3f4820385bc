import { randomBytes } from 'node:crypto';
import type { Departures } from '../connections/departures';
import type { ChannelSize, PostBudget } from '../limits/post-budget';
import type { Clock, Log, WakeQueue } from '../ports';
import { Allowance } from './allowance';
import type { Channels, LogRead, TaggedOffset } from './channels';
import { Flights } from './flights';
import { isDue, merge, nextTimer } from './members-after';
import { movesFrom } from './moves';
import { PARTITION_MEMBERS, type Partitions, type PartitionView } from './partitions';
import { Performer, type PerformerParts } from './performer';
import { lowestBehind, type Plan, planRound } from './plan';
import { ReceiptNotes } from './receipt-notes';
import type { Receipts } from './receipts';
import { LOCK_MS, POST_RESERVE_MS, REST_MS } from './times';

const MAX_DELAY_SECONDS = 900;

function newToken(): string {
  return randomBytes(9).toString('base64url');
}

interface RoundResult {
  /** There is more to do now. */
  readonly again: boolean;
  /** Epoch ms at which there is something to do later. */
  readonly at?: number | undefined;
}

export interface DrainParts extends PerformerParts {
  readonly budget: PostBudget;
  readonly channels: Channels;
  readonly partitions: Partitions;
  readonly receipts: Pick<Receipts, 'note'>;
  readonly departures: Departures;
  readonly wakes: WakeQueue;
  readonly clock: Clock;
  readonly log: Log;
}

/** Brings what is in a channel's log to the members of its partitions. Only couriers drain. */
export class Drain {
  readonly #parts: DrainParts;
  readonly #performer: Performer;
  readonly #notes: ReceiptNotes;

  constructor(parts: DrainParts) {
    this.#parts = parts;
    this.#performer = new Performer(parts);
    this.#notes = new ReceiptNotes(parts);
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
      for (const taken of landed.taken) {
        await this.#notes.addOne(channel, { partition, token: newToken() }, taken);
      }
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
    const token = newToken();
    const now = clock.now();
    const deadline = now + LOCK_MS;
    const begun = await partitions.begin(channel, partition, token, now, deadline);
    if (begun.result !== 'held') return { again: false };

    const { view } = begun;
    const reader = { partition, token, last: view.lastReader };
    const behind = lowestBehind(view, now);
    const log = await channels.read(channel, reader, view.cursor, behind, movesFrom(view));
    const plan = planRound(channel, view, log, now);
    const inTime = () => clock.now() < deadline - POST_RESERVE_MS;
    const allowance = new Allowance(this.#parts, plan.posts.length, sizeOf(partition, view), inTime);
    if (plan.posts.some(({ publications }) => publications)) {
      // The first posts are asked for meanwhile, so that they wait for nothing else.
      const [announced] = await Promise.all([
        this.#announce(channel, partition, token, plan, shownBy(view, log)),
        allowance.ask(),
      ]);
      if (announced === 'lost') return { again: false, at: now + REST_MS };
      if (announced === 'set back') return this.#beginAnew(channel, partition, token, view);
    }
    if (isOnlyPosts(plan) && !(await allowance.ready()))
      return this.#holdBack(channel, partition, token, view);
    const outcomes = await this.#performer.perform({
      channel,
      plan,
      formerCursor: view.cursor,
      formerMoves: view.moves,
      inTime,
      allowance,
      flights,
    });
    const changes = [...plan.changes, ...outcomes.flatMap(({ change }) => (change ? [change] : []))];
    const removals = outcomes.flatMap(({ removal }) => (removal ? [removal] : []));
    // Whether the round is committed or not.
    const noted = this.#notes.add(
      channel,
      { epoch: plan.epoch, partition, token },
      { after: view.epoch === plan.epoch ? view.cursor : plan.cursor, upTo: plan.cursor },
      outcomes.flatMap((outcome) => outcome.taken ?? []),
    );
    const committed = await partitions.commit(channel, partition, token, clock.now(), {
      epoch: plan.epoch,
      cursor: plan.cursor,
      posted: plan.posts.some(({ member, publications }) => publications && member.state === 'active'),
      moves: plan.moves,
      changes,
      removals,
    });
    await noted;
    if (committed.result === 'lost') {
      this.#parts.log('warn', 'lock lost before the commit', { channel, partition });
      return { again: false, at: clock.now() + REST_MS };
    }
    if (plan.newEpoch) await this.#wake(channel, partition + 1, 0);
    if (committed.removed > 0) await departures.vacate(channel, partition, committed.removed);
    await this.#performer.cleanUp(outcomes);

    const members = merge(view.members, changes, removals);
    return {
      again:
        committed.dirty ||
        plan.cursor < log.top ||
        (plan.moves !== undefined && plan.moves < log.moves.top) ||
        members.some((member) => isDue(member, plan, now)),
      at: nextTimer(members, plan.cursor, now),
    };
  }

  /** Before the first post: the partition knows what is out, and the channel's witness what will be seen. */
  async #announce(
    channel: string,
    partition: number,
    token: string,
    { epoch, cursor, tag }: Plan,
    seen: readonly TaggedOffset[],
  ): Promise<'announced' | 'lost' | 'set back'> {
    const { channels, partitions } = this.#parts;
    const [announced, held] = await Promise.all([
      partitions.announce(channel, partition, token, cursor),
      channels.witness(channel, epoch, { offset: cursor, tag }, seen),
    ]);
    if (!announced) return 'lost';
    return held ? 'announced' : 'set back';
  }

  /** The log was found set back and has a new epoch: nothing was posted, and the next round tells the members. */
  async #beginAnew(
    channel: string,
    partition: number,
    token: string,
    view: PartitionView,
  ): Promise<RoundResult> {
    this.#parts.log('warn', 'log set back, new epoch', { channel, partition });
    const released = await this.#release(channel, partition, token, view);
    return released ? { again: true } : { again: false, at: this.#parts.clock.now() + REST_MS };
  }

  /** The post budget has nothing for this partition: a wake tries again, and nothing of it holds up others meanwhile. */
  async #holdBack(
    channel: string,
    partition: number,
    token: string,
    view: PartitionView,
  ): Promise<RoundResult> {
    this.#parts.log('info', 'posts held back by the budget', { channel, partition });
    await this.#release(channel, partition, token, view);
    return { again: false, at: this.#parts.clock.now() + REST_MS };
  }

  /** Gives the lock back as if nothing had been begun. False: it was lost. */
  async #release(channel: string, partition: number, token: string, view: PartitionView): Promise<boolean> {
    const { partitions, departures, clock } = this.#parts;
    const { epoch, cursor } = view;
    const nothing = { epoch, cursor, posted: false, changes: [], removals: [] };
    const committed = await partitions.commit(channel, partition, token, clock.now(), nothing);
    if (committed.result === 'lost') return false;
    if (committed.removed > 0) await departures.vacate(channel, partition, committed.removed);
    return true;
  }
}

/** Partitions fill from the lowest: a channel with more than one has a first one that is full. */
function sizeOf(partition: number, { members }: PartitionView): ChannelSize {
  return partition === 0 && members.length < PARTITION_MEMBERS ? 'small' : 'large';
}

/** Nothing waits that needs no budget. */
function isOnlyPosts({ posts, tellings, closings }: Plan): boolean {
  return posts.length > 0 && tellings.length === 0 && closings.length === 0;
}

/** Entries of the log that are known to be in it beside the one that is posted last. */
function shownBy({ cursor }: PartitionView, log: LogRead): readonly TaggedOffset[] {
  const entries = [...log.beforeCursor, ...log.afterCursor, { offset: log.top, tag: log.tag }];
  return log.cursorTag !== '' || cursor === 0
    ? [...entries, { offset: cursor, tag: log.cursorTag }]
    : entries;
}
