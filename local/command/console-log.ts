import type { RuntimeLog } from '../ports';

/** Prints the lines of functions and of the runtime itself, each behind its source. */
export class ConsoleLog implements RuntimeLog {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  output(functionName: string, line: string): void {
    this.#write(`${shortName(functionName)} | ${line}`);
  }

  warn(source: string, message: string): void {
    this.#write(`${shortName(source)} ! ${message}`);
  }
}

/** Every physical name starts alike; the rest tells functions apart. */
function shortName(name: string): string {
  return name.replace(/^local-holdfast-/, '').padEnd(18);
}
