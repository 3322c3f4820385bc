/**
 * The clock that schedules go by: it starts with the wall clock and runs `scale` times as fast. All times are in
 * milliseconds since the epoch.
 */
export class ScheduleClock {
  readonly #scale: number;
  readonly #startedAt = Date.now();

  constructor(scale = 1) {
    this.#scale = scale;
  }

  now(): number {
    return this.#startedAt + (Date.now() - this.#startedAt) * this.#scale;
  }

  /** What the wall clock shows once this clock has reached `time`. */
  wallTime(time: number): number {
    return Math.ceil(this.#startedAt + (time - this.#startedAt) / this.#scale);
  }
}
