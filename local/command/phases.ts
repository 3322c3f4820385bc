import type { Output } from './output';

/** Tells what a start-up does and how long each part took. */
export class Phases {
  readonly #started = Date.now();
  readonly #output: Pick<Output, 'phase'>;

  constructor(output: Pick<Output, 'phase'>) {
    this.#output = output;
  }

  /** Runs one part and tells its name, its time and, where given, a word on its outcome. */
  async run<Result>(
    name: string,
    work: () => Promise<Result>,
    describe?: (result: Result) => string,
  ): Promise<Result> {
    const started = Date.now();
    const result = await work();
    this.#output.phase(name, (Date.now() - started) / 1000, describe?.(result));
    return result;
  }

  /** Seconds since the first phase could begin. */
  elapsedSeconds(): number {
    return (Date.now() - this.#started) / 1000;
  }
}
