import { seededRandom } from '../../local/faults/random';

/** A task of the simulation: one invocation, which may die at any step. */
export interface Task {
  readonly name: string;
  dead: boolean;
  /** Steps until it dies; undefined: it lives. */
  stepsToLive: number | undefined;
}

interface Step {
  readonly task: Task | undefined;
  readonly name: string;
  due: number;
  readonly order: number;
  readonly run: () => Promise<void>;
}

/** Real milliseconds within which a task has to take its next step. */
const COMPUTING_MS = 10_000;

/** A task said that it computes, and took no step any more. */
class StuckError extends Error {
  override readonly name = 'StuckError';

  constructor(tasks: readonly Task[]) {
    super(
      `expected a step within ${COMPUTING_MS} ms, got none of ${tasks.map(({ name }) => name).join(', ')}`,
    );
  }
}

const TRACE_LINES = 30_000;

/**
 * Virtual time and the order of everything that happens in it. A step parks whoever asks for it until its time has come; one
 * step runs at a time, and runs really. So a run is decided by its seed alone.
 */
export class Schedule {
  readonly random: () => number;
  readonly trace: string[] = [];
  /** Hash of all steps and their times (FNV-1a): equal runs have equal ones. */
  digest = 0x811c9dc5;
  now = 1_700_000_000_000;
  readonly startedAt = this.now;
  steps = 0;
  #waiting: Step[] = [];
  #order = 0;
  /** Tasks that work outside of any step, by real threads. */
  readonly #computing = new Set<Task>();

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random() * items.length)] as Item;
  }

  note(line: string): void {
    this.trace.push(`${String(this.now - this.startedAt).padStart(7)} ${line}`);
    if (this.trace.length > TRACE_LINES) this.trace.shift();
  }

  /** Something that happens by itself. */
  after(milliseconds: number, name: string, run: () => Promise<void> | void): void {
    this.#park(undefined, name, milliseconds, async () => run());
  }

  /** The task computes something until its next step that is no sleep: nothing else happens meanwhile. */
  computes(task: Task): void {
    this.#computing.add(task);
  }

  /** The process of a task stands still for a while: nothing of it happens, its timers included. */
  freeze(task: Task, milliseconds: number): void {
    this.note(`${task.name} freezes for ${milliseconds} ms`);
    for (const step of this.#waiting) if (step.task === task) step.due += milliseconds;
  }

  /** A step of a task. Never resolves where the task dies at it, before or after it had its effect. */
  step<Result>(
    task: Task,
    name: string,
    milliseconds: number,
    run: () => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    if (name !== 'sleep') this.#computing.delete(task);
    return new Promise((resolve, reject) => {
      if (task.dead) return;
      signal?.addEventListener('abort', () => {
        this.#waiting = this.#waiting.filter((step) => step !== parked);
        reject(new Error('aborted'));
      });
      const parked = this.#park(task, name, milliseconds, async () => {
        const dies = task.dead || (task.stepsToLive !== undefined && task.stepsToLive-- <= 0);
        if (dies && this.chance(0.5)) return this.kill(task, `before ${name}`);
        try {
          const result = await run();
          if (dies) return this.kill(task, `after ${name}`);
          resolve(result);
        } catch (error) {
          if (!dies) reject(error);
        }
      });
    });
  }

  kill(task: Task, where: string): void {
    if (!task.dead) this.note(`${task.name} dies ${where}`);
    task.dead = true;
  }

  /** Runs what is due until `end` (ms after the start). */
  async runUntil(end: number): Promise<void> {
    for (;;) {
      await this.#settle();
      let first: Step | undefined;
      for (const step of this.#waiting) {
        if (
          first === undefined ||
          step.due < first.due ||
          (step.due === first.due && step.order < first.order)
        ) {
          first = step;
        }
      }
      if (first === undefined || first.due > this.startedAt + end) break;
      const next = first;
      this.#waiting = this.#waiting.filter((step) => step !== next);
      this.now = Math.max(this.now, next.due);
      this.steps++;
      this.#digest(next);
      if (next.task !== undefined) this.note(`${next.task.name} ${next.name}`);
      await next.run();
    }
    this.now = this.startedAt + end;
  }

  /** Whoever was resolved runs to its next step. */
  async #settle(): Promise<void> {
    const startedAt = Date.now();
    do {
      if (Date.now() - startedAt > COMPUTING_MS) throw new StuckError([...this.#computing]);
      await new Promise((resolve) => setImmediate(resolve));
      for (const task of this.#computing) if (task.dead) this.#computing.delete(task);
    } while (this.#computing.size > 0);
  }

  /** Names of steps begin with two words that are no chance of the core's own. */
  #digest({ task, name }: Step): void {
    const words = name.split(' ').slice(0, 2).join(' ');
    for (const character of `${this.now - this.startedAt} ${task?.name ?? ''} ${words}`) {
      this.digest = Math.imul(this.digest ^ character.charCodeAt(0), 0x01000193) >>> 0;
    }
  }

  #park(task: Task | undefined, name: string, milliseconds: number, run: () => Promise<void>): Step {
    const due = this.now + milliseconds;
    const step = { task, name, due, order: this.#order++, run };
    this.#waiting.push(step);
    return step;
  }
}
