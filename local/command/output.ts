import type { RuntimeLog } from '../ports';
import type { ReadyFacts } from './report';
import type { LocalState } from './state-file';

/** What `npm start` prints: for a person, or as JSON for a program. */
export interface Output extends RuntimeLog {
  /** What the start does. */
  say(message: string): void;
  /** A part of the start is done. */
  phase(name: string, seconds: number, outcome?: string): void;
  ready(state: LocalState, facts: ReadyFacts): void;
  /** The start failed. */
  failed(message: string): void;
}

/** Passes over what functions print whose names have none of these parts. What the runtime itself says stays. */
export function onlyOf(parts: readonly string[], output: Output): Output {
  if (parts.length === 0) return output;
  return {
    say: (message) => output.say(message),
    phase: (name, seconds, outcome) => output.phase(name, seconds, outcome),
    ready: (state, facts) => output.ready(state, facts),
    failed: (message) => output.failed(message),
    warn: (source, message) => output.warn(source, message),
    output: (functionName, line) => {
      if (parts.some((part) => functionName.includes(part))) output.output(functionName, line);
    },
  };
}
