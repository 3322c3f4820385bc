import type { InvocationTrouble } from '../lambda/runtime-api';
import { type Fault, type FaultInput, type FaultKind, readFault } from './kinds';
import { seededRandom } from './random';

/** How something is handed over: that many times, each after that wait (ms). */
export type HandOvers = readonly number[];

const ONCE: HandOvers = [0];

/** What a POST to a connection meets. */
export type PostFault = Fault<'posts'>;

/**
 * The faults that are switched on, one of each kind at a time, and the dice that decide whom they strike. The dice are seeded:
 * the same calls in the same order meet the same faults.
 */
export class Faults {
  readonly #active = new Map<FaultKind, unknown>();
  #random: () => number;

  constructor(seed = 1) {
    this.#random = seededRandom(seed);
  }

  /** @throws FaultError */
  set<Kind extends FaultKind>(kind: Kind, input: FaultInput<Kind>): Fault<Kind> {
    const fault = readFault(kind, input);
    this.#active.set(kind, fault);
    return fault;
  }

  /** Takes one back, or all. */
  clear(kind?: FaultKind): void {
    if (kind === undefined) this.#active.clear();
    else this.#active.delete(kind);
  }

  /** Throws the dice anew. */
  reseed(seed: number): void {
    this.#random = seededRandom(seed);
  }

  /** By kind. */
  list(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#active);
  }

  /** Of one invocation; undefined for one that nothing happens to. */
  invocation(functionName: string): InvocationTrouble | 'throttle' | undefined {
    const fault = this.#strikes('invocations', functionName);
    if (fault === undefined) return undefined;
    if (fault.throttle) return 'throttle';
    return {
      delayMs: fault.delayMs,
      crashAfterMs: fault.crashWithinMs === 0 ? undefined : this.#random() * fault.crashWithinMs,
      leakBytes: fault.leakMb * 1024 * 1024,
    };
  }

  /** Whether that many invocations at a time leave room for another. */
  hasRoom(inFlight: number): boolean {
    const pool = this.#get('pool');
    return pool === undefined || inFlight < pool.most;
  }

  startDelayMs(functionName: string): number {
    return this.#strikes('starts', functionName)?.delayMs ?? 0;
  }

  post(): PostFault | undefined {
    return this.#strikes('posts');
  }

  dropsDisconnect(): boolean {
    return this.#strikes('disconnects') !== undefined;
  }

  event(): HandOvers {
    return this.#handOvers(this.#strikes('events'));
  }

  messages(queueName: string): HandOvers {
    return this.#handOvers(this.#strikes('messages', queueName));
  }

  /** For what strikes a part of many at once. */
  hits(share: number): boolean {
    return this.#random() < share;
  }

  #handOvers(fault: { readonly copies: number; readonly holdMs: number } | undefined): HandOvers {
    if (fault === undefined) return ONCE;
    return Array.from({ length: fault.copies }, () =>
      fault.holdMs === 0 ? 0 : this.#random() * fault.holdMs,
    );
  }

  #get<Kind extends FaultKind>(kind: Kind): Fault<Kind> | undefined {
    return this.#active.get(kind) as Fault<Kind> | undefined;
  }

  /** The fault of that kind where it is on, is about that name, and the dice say so. */
  #strikes<Kind extends Exclude<FaultKind, 'pool'>>(kind: Kind, name = ''): Fault<Kind> | undefined {
    const fault = this.#get(kind);
    if (fault === undefined) return undefined;
    const part = 'function' in fault ? fault.function : 'queue' in fault ? fault.queue : '';
    if (!name.includes(part)) return undefined;
    return this.hits(fault.share) ? fault : undefined;
  }
}
