import type { Move } from './channels';
import type { Member, PartitionView } from './partitions';

/** What a member has been told of joins and leaves; see `Member.moves`. */
type Told = NonNullable<Member['moves']>;

/** Number of the last move that a member was told, whatever its partition's cursor becomes. */
export function toldUpTo(told: Member['moves'], cursor: number | undefined): number | undefined {
  return told === 'cursor' ? cursor : told;
}

/** After which move a round has to read; undefined: nobody is to be told any. */
export function movesFrom({ members, moves }: PartitionView): number | undefined {
  let lowest: number | undefined;
  for (const member of members) {
    if (member.state !== 'active') continue;
    const told = toldUpTo(member.moves, moves);
    if (told !== undefined && (lowest === undefined || told < lowest)) lowest = told;
  }
  return lowest;
}

/** The joins and leaves of one round, made into pushes once per start. */
export class Moves {
  readonly #lines: readonly { readonly number: number; readonly line: string }[];
  readonly #former: number | undefined;
  readonly #made = new Map<number, string>();
  /** The partition's cursor after the round; undefined where it stays. */
  readonly cursor: number | undefined;

  constructor(
    channel: string,
    view: PartitionView,
    read: { readonly top: number; readonly after: readonly Move[] },
  ) {
    const head = `{"push":{"channel":${JSON.stringify(channel)},`;
    this.#lines = read.after.map(({ number, kind, info }) => {
      return { number, line: `${head}"${kind}":{"info":${info}}}}` };
    });
    this.#former = view.moves;
    this.cursor = movesFrom(view) === undefined ? undefined : (read.after.at(-1)?.number ?? read.top);
  }

  /** Pushes of what an active member was not told yet, and what it has been told after them. */
  of(told: Told): { readonly frame: string; readonly after: Told } {
    const number = toldUpTo(told, this.#former) ?? Number.POSITIVE_INFINITY;
    const { cursor = number } = this;
    return { frame: this.#after(number), after: number > cursor && told !== 'cursor' ? told : 'cursor' };
  }

  #after(start: number): string {
    const known = this.#made.get(start);
    if (known !== undefined) return known;
    const frame = this.#lines
      .filter(({ number }) => number > start)
      .map(({ line }) => line)
      .join('\n');
    this.#made.set(start, frame);
    return frame;
  }
}
