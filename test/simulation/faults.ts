import type { Schedule } from './schedule';

/** Kinds of trouble; a run has some of them. */
export const FAULTS = [
  'posts',
  'late-posts',
  'slow-posts',
  'courier-deaths',
  'ingress-deaths',
  'queue-repeats',
  'stalls',
  'lost-answers',
  'toggles',
  'cuts',
  'trims',
  'deletions',
  'channel-rewinds',
  'partition-rewinds',
  'connection-rewinds',
  'epoch-change',
  'flush-all',
] as const;

export type Fault = (typeof FAULTS)[number];

/** Faults after which Redis may have forgotten results of idempotency keys. */
const LOSSES: readonly Fault[] = ['deletions', 'channel-rewinds', 'flush-all'];

/** Faults after which Redis knows less than before: some of it is found out only by a later frame or publication. */
const STATE_LOSSES: readonly Fault[] = [...LOSSES, 'partition-rewinds', 'connection-rewinds', 'epoch-change'];

/** The trouble of one run; none of it after `until` (ms after the start). */
export class FaultPlan {
  readonly kinds: ReadonlySet<Fault>;
  readonly #schedule: Schedule;
  readonly #until: number;

  /** @param kinds of the run; by the seed where none are given. */
  constructor(schedule: Schedule, until: number, given?: readonly Fault[]) {
    this.#schedule = schedule;
    this.#until = until;
    const kinds = new Set<Fault>();
    const count = schedule.between(0, 4);
    while (kinds.size < count) kinds.add(schedule.pick(FAULTS));
    this.kinds = given ? new Set(given) : kinds;
  }

  get forgetsRepeats(): boolean {
    return LOSSES.some((fault) => this.kinds.has(fault));
  }

  get losesState(): boolean {
    return STATE_LOSSES.some((fault) => this.kinds.has(fault));
  }

  /** Whether a fault of that kind happens now. */
  strikes(fault: Fault, probability: number): boolean {
    const { now, startedAt } = this.#schedule;
    if (!this.kinds.has(fault) || now - startedAt > this.#until) return false;
    return this.#schedule.chance(probability);
  }
}
