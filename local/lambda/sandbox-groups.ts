import type { FunctionVersion } from './function-version';
import type { InvocationOutcome } from './invocation-outcome';
import type { RuntimeInvocation } from './runtime-api';
import type { Sandbox } from './sandbox';

export interface PoolCall extends RuntimeInvocation {
  /** Epoch milliseconds after which it is not begun. */
  readonly startBefore: number | undefined;
  /** A sandbox takes it now. */
  readonly begun?: (() => void) | undefined;
}

export interface Waiter {
  /** Undefined: somebody who only wants a sandbox to be warm. */
  readonly call: PoolCall | undefined;
  readonly resolve: (outcome: InvocationOutcome) => void;
  /** Order of arrival. */
  readonly turn: number;
  /** When it came, `performance.now()`. */
  readonly since: number;
}

export interface SandboxGroup {
  readonly version: FunctionVersion;
  /** Each with its place among all sandboxes of the function. */
  readonly live: Map<Sandbox, number>;
  /** Most recently used last: those at the front get old and are ended. */
  readonly idle: { readonly sandbox: Sandbox; readonly since: number }[];
  readonly waiting: Waiter[];
  starting: number;
  retired: boolean;
}

/** The sandboxes of all functions, by version. */
export class SandboxGroups {
  readonly #groups = new Map<FunctionVersion, SandboxGroup>();

  of(version: FunctionVersion): SandboxGroup {
    const known = this.#groups.get(version);
    if (known !== undefined) return known;
    const group: SandboxGroup = {
      version,
      live: new Map(),
      idle: [],
      waiting: [],
      starting: 0,
      retired: false,
    };
    this.#groups.set(version, group);
    return group;
  }

  find(version: FunctionVersion): SandboxGroup | undefined {
    return this.#groups.get(version);
  }

  all(): SandboxGroup[] {
    return [...this.#groups.values()];
  }

  delete(version: FunctionVersion): void {
    this.#groups.delete(version);
  }

  /** All versions of a function. */
  ofFunction(name: string): SandboxGroup[] {
    return this.all().filter(({ version }) => version.definition.name === name);
  }

  /** Sandboxes of a group's function, all versions together. */
  liveOf({ version }: SandboxGroup): number {
    return this.ofFunction(version.definition.name).reduce((sum, { live }) => sum + live.size, 0);
  }

  /** The first place that no sandbox of the group's function has. */
  freePlace({ version }: SandboxGroup): number {
    const taken = new Set(this.ofFunction(version.definition.name).flatMap(({ live }) => [...live.values()]));
    let place = 0;
    while (taken.has(place)) place += 1;
    return place;
  }
}

/** Of the invocation that waits longest. */
export function turnOf({ waiting }: SandboxGroup): number {
  return waiting[0]?.turn ?? Number.POSITIVE_INFINITY;
}

/** The idle sandbox that weighs most: the others get old and end. */
export function takeIdle({ idle, live }: SandboxGroup): SandboxGroup['idle'][number] | undefined {
  let best = { index: 0, place: Number.POSITIVE_INFINITY };
  for (const [index, { sandbox }] of idle.entries()) {
    const place = live.get(sandbox) ?? 0;
    if (place < best.place) best = { index, place };
  }
  return idle.splice(best.index, 1)[0];
}
