import type { Clock } from '../ports';

/** From a frame's arrival to the last command that is waited for. Clients give up after 5 s, and the replies take their way. */
export const FRAME_MS = 4_000;

/** From an invocation's begin to the end of work that was late for the replies; the function itself is ended after 15 s. */
export const REST_MS = 13_000;

/** A subscribe begins no later than this before the end of its frame's time: it has four steps. */
const LAST_MS = 1_000;

/** Redis and AWS answer or refuse within milliseconds: what fails after this has run into a time-out. */
const SLOW_MS = 1_000;

const LATE = Symbol('late');

/** The time of one inbound frame. */
export class FrameTime {
  readonly #clock: Clock;
  readonly #ends: number;
  readonly #restEnds: number;
  readonly #late: Promise<unknown>[] = [];
  #stateHangs = false;

  /** `at`: when the frame came. `invokedAt`: when the invocation began that serves it, which may be another's frame. */
  constructor(clock: Clock, at: number, invokedAt: number) {
    this.#clock = clock;
    this.#ends = at + FRAME_MS;
    this.#restEnds = invokedAt + REST_MS;
  }

  /** Nothing is to be waited for any more. */
  get over(): boolean {
    return this.#clock.now() >= this.#ends;
  }

  /** Too little time is left to begin what is made good by a new connection where it comes late. */
  get almostOver(): boolean {
    return this.#clock.now() >= this.#ends - LAST_MS;
  }

  /** A command that needs Redis ran into a time-out: those behind it would, too. */
  get stateHangs(): boolean {
    return this.#stateHangs;
  }

  /** Something that needs Redis failed that began at `startedAt` (epoch ms). */
  noteFailure(startedAt: number): void {
    if (this.#clock.now() - startedAt > SLOW_MS) this.#stateHangs = true;
  }

  /**
   * Waits for work until the frame's time is over and answers what it came to, else undefined: the work then goes on, and
   * `onLate` gets its result. Neither may reject.
   */
  async inTime<Value extends object | string>(
    work: Promise<Value>,
    onLate: (value: Value) => Promise<void>,
  ): Promise<Value | undefined> {
    const result = await this.#within(work, this.#ends);
    if (result !== LATE) return result;
    this.#late.push(work.then(onLate));
    return undefined;
  }

  /** Leaves work, which must not reject, to `rest`. */
  later(work: Promise<unknown>): void {
    this.#late.push(work);
  }

  /** After all replies: lets late work end, for a while. A sandbox that is frozen under it may never go on. */
  async rest(): Promise<void> {
    if (this.#late.length > 0) await this.#within(Promise.allSettled(this.#late), this.#restEnds);
  }

  async #within<Value>(work: Promise<Value>, ends: number): Promise<Value | typeof LATE> {
    const waiting = new AbortController();
    const asLate = (): typeof LATE => LATE;
    // An aborted sleep rejects, after the race is decided.
    const late = this.#clock
      .sleep(Math.max(0, ends - this.#clock.now()), waiting.signal)
      .then<typeof LATE, typeof LATE>(asLate, asLate);
    try {
      return await Promise.race([work, late]);
    } finally {
      waiting.abort();
    }
  }
}
