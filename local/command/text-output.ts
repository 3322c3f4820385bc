import type { Output } from './output';
import { type ReadyFacts, readyReport } from './report';
import type { LocalState } from './state-file';

export interface Streams {
  /** Takes whole lines of standard output. */
  readonly out: (line: string) => void;
  /** Takes whole lines of standard error. */
  readonly error: (line: string) => void;
}

/** Lines for a person; those of functions and of the runtime's parts each behind its source. */
export class TextOutput implements Output {
  readonly #streams: Streams;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  say(message: string): void {
    this.#streams.out(message);
  }

  phase(name: string, seconds: number, outcome?: string): void {
    const shown = seconds.toFixed(1).padStart(5);
    this.#streams.out(`  ${shown} s  ${name}${outcome === undefined ? '' : `: ${outcome}`}`);
  }

  output(functionName: string, line: string): void {
    this.#streams.out(`${shortName(functionName)} | ${line}`);
  }

  warn(source: string, message: string): void {
    this.#streams.out(`${shortName(source)} ! ${message}`);
  }

  ready(state: LocalState, facts: ReadyFacts): void {
    this.#streams.out(readyReport(state, facts));
  }

  failed(message: string): void {
    this.#streams.error(`\nHoldfast cannot start: ${message}`);
  }
}

/** Every physical name starts alike; the rest tells functions apart. */
function shortName(name: string): string {
  return name.replace(/^local-holdfast-/, '').padEnd(18);
}
