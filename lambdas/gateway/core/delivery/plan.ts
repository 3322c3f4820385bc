import { FRAME_BYTES } from '../../../contract/frames';
import type { LogEntry, LogRead } from './channels';
import { Moves, toldUpTo } from './moves';
import type { Member, PartitionView } from './partitions';

/** A frame for a member, and the last offset in it. */
export interface Post {
  readonly member: Member;
  readonly frame: string;
  readonly last: number;
  /** Whether publications are in it: who may have missed one has to begin anew. */
  readonly publications: boolean;
  /** What the member has been told of joins and leaves after it. */
  readonly moves: Member['moves'];
}

/** What one round does, decided before anything is posted. */
export interface Plan {
  readonly epoch: string;
  /** The cursor after the round, and the tag of its entry. */
  readonly cursor: number;
  readonly tag: string;
  /** The last join or leave after the round; undefined: as before. */
  readonly moves: number | undefined;
  readonly posts: readonly Post[];
  /** Members to be told 2500. */
  readonly tellings: readonly Member[];
  /** Members whose connections are to be closed. */
  readonly closings: readonly Member[];
  /** Changes that wait for no outcome. */
  readonly changes: readonly Member[];
  /** The channel began a new epoch, of which the next partition may not know. */
  readonly newEpoch: boolean;
}

/** Lowest offset of the members that wait below the cursor and may be served now. */
export function lowestBehind(view: PartitionView, now: number): number | undefined {
  let lowest: number | undefined;
  for (const { state, offset, until } of view.members) {
    if (state !== 'behind' || offset === undefined || until > now || offset >= view.cursor) continue;
    if (lowest === undefined || offset < lowest) lowest = offset;
  }
  return lowest;
}

/** How a member hears that its position is worth nothing: clients renew only their own subscriptions. */
function toldOf(member: Member): Member {
  return { ...member, state: member.serverSide ? 'closing' : 'unsubscribing', until: 0 };
}

function needsRepair({ state }: Member): boolean {
  return state === 'active' || state === 'behind';
}

/** A post to it may be out, of which nobody will tell. */
function isInDoubt({ state }: Member): boolean {
  return state === 'flying' || state === 'left';
}

/** Connections that are closed in one second: their clients come back at once. */
const CLOSES_A_SECOND = 100;

/** Spreads the members of a large partition over some seconds; the same name always gets the same one. */
function spreadOf(connection: string, members: number): number {
  const seconds = Math.ceil(members / CLOSES_A_SECOND);
  let hash = 0;
  for (let index = 0; index < connection.length; index++) {
    hash = (hash * 31 + connection.charCodeAt(index)) >>> 0;
  }
  return (hash % seconds) * 1000;
}

/** Nobody knows who got what was in flight: the only repair is a new connection. The cursor jumps to the top. */
function takeover(view: PartitionView, log: LogRead, now: number): Plan {
  const sameEpoch = view.epoch === log.epoch;
  return {
    ...nothing(log),
    changes: view.members.flatMap((member): Member[] => {
      if (needsRepair(member) || isInDoubt(member)) {
        return [
          { ...member, state: 'closing', until: now + spreadOf(member.connection, view.members.length) },
        ];
      }
      return member.state === 'pending' && !sameEpoch ? [{ ...member, state: 'stale' }] : [];
    }),
    newEpoch: !sameEpoch,
  };
}

/** The log does not continue at the cursor: everybody resubscribes and recovers from an own position. */
function restart(view: PartitionView, log: LogRead, pendingToo: boolean): Plan {
  return {
    ...nothing(log),
    changes: view.members.flatMap((member): Member[] => {
      if (needsRepair(member)) return [toldOf(member)];
      if (isInDoubt(member)) return [{ ...member, state: 'closing', until: 0 }];
      return member.state === 'pending' && pendingToo ? [{ ...member, state: 'stale' }] : [];
    }),
    newEpoch: view.epoch !== log.epoch,
  };
}

function nothing(log: LogRead): Plan {
  return {
    epoch: log.epoch,
    cursor: log.top,
    tag: log.tag,
    moves: undefined,
    posts: [],
    tellings: [],
    closings: [],
    changes: [],
    newEpoch: false,
  };
}

/** Frames of consecutive publications, made once per start. */
class Frames {
  readonly #head: string;
  readonly #entries = new Map<number, LogEntry>();
  readonly #made = new Map<number, { frame: string; last: number } | undefined>();
  /** Oldest offset at hand; infinite where there is none. */
  readonly oldest: number;

  constructor(channel: string, entries: readonly LogEntry[]) {
    this.#head = `{"push":{"channel":${JSON.stringify(channel)},"pub":{"offset":`;
    for (const entry of entries) this.#entries.set(entry.offset, entry);
    this.oldest = entries.reduce((oldest, { offset }) => Math.min(oldest, offset), Number.POSITIVE_INFINITY);
  }

  tagOf(offset: number): string {
    return this.#entries.get(offset)?.tag ?? '';
  }

  /** Publications after `start` up to `end`, at most one frame's bytes, at least one; undefined where the next is missing. */
  after(start: number, end: number): { readonly frame: string; readonly last: number } | undefined {
    if (!this.#made.has(start)) this.#made.set(start, this.#make(start, end));
    return this.#made.get(start);
  }

  #make(start: number, end: number) {
    const lines: string[] = [];
    let bytes = 0;
    let last = start;
    for (let offset = start + 1; offset <= end; offset++) {
      const entry = this.#entries.get(offset);
      if (entry === undefined) break;
      const line = `${this.#head}${offset},${entry.publication.slice(1)}}}`;
      bytes += Buffer.byteLength(line) + 1;
      if (lines.length > 0 && bytes > FRAME_BYTES) break;
      lines.push(line);
      last = offset;
    }
    return lines.length > 0 ? { frame: lines.join('\n'), last } : undefined;
  }
}

/** Decides a round from what was read; pure. */
export function planRound(channel: string, view: PartitionView, log: LogRead, now: number): Plan {
  if (view.unclean) return takeover(view, log, now);
  const rewound = view.epoch !== log.epoch || view.cursor > log.top;
  if (rewound) return restart(view, log, true);
  if (!log.clean) return takeover(view, log, now);

  const hasActive = view.members.some(({ state }) => state === 'active');
  const trimmed = view.cursor < log.top && log.afterCursor[0]?.offset !== view.cursor + 1;
  if (hasActive && trimmed) return restart(view, log, false);

  const frames = new Frames(channel, [...log.beforeCursor, ...log.afterCursor]);
  // A frame of the actives decides how far everybody goes; where there are none, the cursor may jump.
  const cursor = hasActive ? (frames.after(view.cursor, log.top)?.last ?? view.cursor) : log.top;
  const moves = new Moves(channel, view, log.moves);
  const plan = {
    posts: [] as Post[],
    tellings: [] as Member[],
    closings: [] as Member[],
    changes: [] as Member[],
  };
  for (const member of view.members) addMember(plan, member);
  const tag = cursor === log.top ? log.tag : frames.tagOf(cursor);
  return { epoch: log.epoch, cursor, tag, moves: moves.cursor, newEpoch: false, ...plan };

  function addMember(into: typeof plan, member: Member): void {
    switch (member.state) {
      case 'active':
        addActive(into, member);
        return;
      case 'behind':
        if (member.until <= now) addBehind(into, member, member.offset ?? 0);
        return;
      case 'left':
        // Without a deadline nothing is out: the commit removes it.
        if (member.until > 0 && member.until <= now)
          into.changes.push({ ...member, state: 'closing', until: 0 });
        return;
      case 'pending':
      case 'stale':
      case 'flying':
        if (member.until <= now) into.changes.push({ ...member, state: 'closing', until: 0 });
        return;
      case 'unsubscribing':
        if (member.until <= now) into.tellings.push(member);
        return;
      case 'closing':
        if (member.until <= now) into.closings.push(member);
        return;
    }
  }

  function addActive(into: typeof plan, member: Member): void {
    const made = frames.after(view.cursor, cursor);
    const told = member.moves === undefined ? undefined : moves.of(member.moves);
    if (told === undefined || told.frame === '') {
      const after = told?.after;
      if (made) into.posts.push({ member, ...made, publications: true, moves: after });
      else if (after !== member.moves) into.changes.push({ ...member, moves: after });
    } else if (made === undefined) {
      const { frame, after } = told;
      into.posts.push({ member, frame, last: view.cursor, publications: false, moves: after });
    } else {
      into.posts.push({ member, last: made.last, publications: true, ...together(made.frame, told, member) });
    }
  }

  /** Joins and leaves go first: who publishes has joined before. Where a frame has no room for them they wait for the next one. */
  function together(publications: string, told: ReturnType<Moves['of']>, member: Member) {
    const frame = `${told.frame}\n${publications}`;
    return Buffer.byteLength(frame) <= FRAME_BYTES
      ? { frame, moves: told.after }
      : { frame: publications, moves: toldUpTo(member.moves, view.moves) };
  }

  function addBehind(into: typeof plan, member: Member, offset: number): void {
    if (offset === cursor) {
      into.changes.push({ ...member, state: 'active', offset: undefined });
      return;
    }
    if (offset > cursor) return;
    const made = frames.after(offset, cursor);
    if (made) into.posts.push({ member, ...made, publications: true, moves: member.moves });
    else if (offset + 1 < Math.min(frames.oldest, log.top + 1)) into.changes.push(toldOf(member));
  }
}
