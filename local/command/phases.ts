/** Prints what a start-up does and how long each part took. */
export class Phases {
  readonly #started = Date.now();
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Runs one part and prints its name, its time and, where given, a word on its outcome. */
  async run<Result>(
    name: string,
    work: () => Promise<Result>,
    describe?: (result: Result) => string,
  ): Promise<Result> {
    const started = Date.now();
    const result = await work();
    const seconds = ((Date.now() - started) / 1000).toFixed(1).padStart(5);
    this.#write(`  ${seconds} s  ${name}${describe ? `: ${describe(result)}` : ''}`);
    return result;
  }

  /** Seconds since the first phase could begin. */
  elapsedSeconds(): number {
    return (Date.now() - this.#started) / 1000;
  }
}
