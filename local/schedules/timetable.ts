import { WakeTimer } from '../wake-timer';
import type { Recurrence } from './recurrence';
import type { ScheduleClock } from './schedule-clock';

export interface TimetableEntry {
  readonly recurrence: Recurrence;
  /** Whether it runs once at the start as well. */
  readonly runsAtStart: boolean;
  /** @param due when it was due by the wall clock, in milliseconds since the epoch */
  readonly run: (due: number) => void;
}

/** Runs what is due, by a clock that may be faster than the wall's. */
export class Timetable {
  readonly #clock: ScheduleClock;
  readonly #timers = new Set<WakeTimer>();
  #closed = false;

  constructor(clock: ScheduleClock) {
    this.#clock = clock;
  }

  /** Puts an entry to work at once. Returns false where it is never due. */
  add({ recurrence, runsAtStart, run }: TimetableEntry): boolean {
    const startedAt = this.#clock.now();
    let due = runsAtStart ? startedAt : recurrence.nextAfter(startedAt, startedAt);
    if (due === undefined || this.#closed) return false;
    const timer = new WakeTimer(Date.now, () => wake());
    const wake = (): void => {
      const now = this.#clock.now();
      if (due !== undefined && due <= now) {
        run(this.#clock.wallTime(due));
        // What was missed meanwhile (a laptop that slept) is not made up for.
        due = recurrence.nextAfter(now, startedAt);
      }
      if (due !== undefined && !this.#closed) timer.wakeAt(this.#clock.wallTime(due));
    };
    this.#timers.add(timer);
    timer.wakeAt(this.#clock.wallTime(due));
    return true;
  }

  /** Nothing runs any more. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.stop();
  }
}
