import type { Delivery } from '../../lambdas/contract/delivery';
import type { CourierRecord } from '../../lambdas/gateway/core/delivery/courier';
import type { Wake } from '../../lambdas/gateway/core/ports';
import type { FaultPlan } from './faults';
import type { Schedule, Task } from './schedule';

interface Message {
  readonly id: string;
  readonly body: string;
  readonly group: string | undefined;
  readonly sentAt: number;
  receives: number;
}

type Work = (task: Task, records: readonly CourierRecord[]) => Promise<readonly string[]>;

const VISIBILITY_MS = 20_000;
const MAX_RECEIVES = 10;
const FUNCTION_MS = 15_000;
const BATCH = 10;

/** The deliveries queue (FIFO, one batch of a group at a time) and the wakes queue (standard), with couriers at their end. */
export class Queues {
  readonly lost: string[] = [];
  readonly #schedule: Schedule;
  readonly #faults: FaultPlan;
  readonly #work: Work;
  readonly #groups = new Map<string, { messages: Message[]; busy: boolean }>();
  #ids = 0;

  constructor(schedule: Schedule, faults: FaultPlan, work: Work) {
    this.#schedule = schedule;
    this.#faults = faults;
    this.#work = work;
  }

  deliver(delivery: Delivery): void {
    const group = this.#groups.get(delivery.channel) ?? { messages: [], busy: false };
    this.#groups.set(delivery.channel, group);
    group.messages.push(this.#message(delivery, delivery.channel));
    this.#pump(delivery.channel);
  }

  wake(wake: Wake, seconds: number): void {
    const message = this.#message(wake, undefined);
    const late = this.#faults.strikes('queue-repeats', 0.2) ? this.#schedule.between(0, 5_000) : 0;
    this.#schedule.after(seconds * 1000 + this.#schedule.between(1, 40) + late, 'wake due', () =>
      this.#woken(message),
    );
    if (this.#faults.strikes('queue-repeats', 0.2)) {
      this.#schedule.after(this.#schedule.between(1, 8_000), 'wake again', () => this.#woken(message));
    }
  }

  #message(body: unknown, group: string | undefined): Message {
    return {
      id: `m${++this.#ids}`,
      body: JSON.stringify(body),
      group,
      sentAt: this.#schedule.now,
      receives: 0,
    };
  }

  #pump(name: string): void {
    const group = this.#groups.get(name);
    if (group === undefined || group.busy || group.messages.length === 0) return;
    group.busy = true;
    this.#schedule.after(this.#schedule.between(1, 20), 'receive', () => {
      const batch = group.messages.slice(0, BATCH);
      this.#run(`courier(${name})`, batch, (failed) => {
        const repeats = this.#faults.strikes('queue-repeats', 0.1);
        const done = new Set(batch.filter(({ id }) => !failed.has(id) && !repeats));
        group.messages = group.messages.filter((message) => !done.has(message));
        const rest = failed.size > 0 || repeats ? VISIBILITY_MS : 0;
        this.#schedule.after(rest, 'visible', () => {
          group.busy = false;
          this.#pump(name);
        });
      });
      // A courier whose messages are handed out again although it lives.
      if (!this.#faults.strikes('queue-repeats', 0.05)) return;
      this.#schedule.after(this.#schedule.between(1, 10_000), 'received again', () =>
        this.#run(`courier(${name})again`, batch, () => undefined),
      );
    });
  }

  #woken(message: Message): void {
    this.#run('courier(wake)', [message], (failed) => {
      if (failed.size > 0) this.#schedule.after(VISIBILITY_MS, 'visible', () => this.#woken(message));
    });
  }

  /** Runs a courier; `ended` hears what failed, all of it after the visibility where the courier died. */
  #run(name: string, batch: readonly Message[], ended: (failed: ReadonlySet<string>) => void): void {
    const task: Task = {
      name: `${name}${batch.map(({ id }) => id).join(',')}`,
      dead: false,
      stepsToLive: undefined,
    };
    for (const message of batch) {
      message.receives++;
      if (message.receives > MAX_RECEIVES) this.lost.push(message.body);
    }
    const all = new Set(batch.map(({ id }) => id));
    let over = false;
    this.#schedule.after(FUNCTION_MS, 'timeout', () => {
      if (over) return;
      over = true;
      this.#schedule.kill(task, 'of its timeout');
      ended(all);
    });
    const records = batch.map(({ id, body, group, receives, sentAt }) => ({
      messageId: id,
      body,
      group,
      receives,
      sentAt,
    }));
    this.#work(task, records).then(
      (failed) => {
        if (over) return;
        over = true;
        ended(new Set(failed));
      },
      () => undefined,
    );
  }
}
