import { type ChildProcess, fork } from 'node:child_process';
import type { Delivery } from '../lambdas/contract/delivery';
import type { CourierRecord } from '../lambdas/gateway/core/delivery/courier';
import type { Wake } from '../lambdas/gateway/core/ports';
import { CREDENTIALS } from './children';
import type { CourierNews, CourierStart, Invocation } from './fan-out-courier';
import { recordOf, wakeRecordOf } from './redis-core';

/** What one publication took. */
export interface FanOut {
  /** From the hand-over to the courier that appends, to the end of the last post. */
  readonly milliseconds: number;
  readonly posts: number;
  readonly throttled: number;
  /** CPU of all couriers, all they did included. */
  readonly cpuMicros: number;
}

/** Couriers in processes of their own, and both of their queues. A courier gets one message at a time, so it has 20 posts in flight. */
export class CourierFleet {
  readonly #children: readonly ChildProcess[];
  readonly #queue: CourierRecord[] = [];
  #idle: ChildProcess[] = [];
  #delayed = 0;
  #running = 0;
  #done: Invocation[] = [];
  #settled: () => void = () => undefined;
  #broken: (error: Error) => void = () => undefined;

  /** @param program file of the courier's process */
  constructor(program: string, size: number, start: CourierStart) {
    const env = { ...process.env, ...CREDENTIALS, COURIER: JSON.stringify(start) };
    this.#children = Array.from({ length: size }, () => fork(program, [], { env, execArgv: [] }));
    for (const child of this.#children) {
      child.on('message', (news) => this.#told(child, news as CourierNews));
      child.on('exit', (code) =>
        this.#broken(new Error(`courier: expected it to live, got its end, ${code}`)),
      );
    }
  }

  /** One publication to its last post, by the first `couriers` of the fleet. */
  async publish(delivery: Delivery, couriers: number): Promise<FanOut> {
    this.#done = [];
    this.#idle = this.#children.slice(0, couriers);
    const settled = new Promise<void>((resolve, reject) => {
      this.#settled = resolve;
      this.#broken = reject;
    });
    const startedAt = performance.timeOrigin + performance.now();
    this.#queue.push(recordOf(delivery));
    this.#handOut();
    await settled;
    const sum = (of: (invocation: Invocation) => number) => this.#done.reduce((all, one) => all + of(one), 0);
    const failed = sum((one) => one.failed);
    if (failed > 0) throw new Error(`expected every message taken, got ${failed} that failed`);
    return {
      milliseconds: Math.max(...this.#done.map(({ lastPostAt }) => lastPostAt)) - startedAt,
      posts: sum(({ posts }) => posts),
      throttled: sum(({ throttled }) => throttled),
      cpuMicros: sum(({ cpuMicros }) => cpuMicros),
    };
  }

  stop(): void {
    this.#broken = () => undefined;
    for (const child of this.#children) child.kill();
  }

  #told(child: ChildProcess, news: CourierNews): void {
    if (news.type === 'wake') {
      this.#wake(news.wake, news.delaySeconds);
      return;
    }
    this.#done.push(news);
    this.#running--;
    this.#idle.push(child);
    this.#handOut();
    if (this.#running === 0 && this.#queue.length === 0 && this.#delayed === 0) this.#settled();
  }

  #wake(wake: Wake, delaySeconds: number): void {
    this.#delayed++;
    setTimeout(() => {
      this.#delayed--;
      this.#queue.push(wakeRecordOf(wake));
      this.#handOut();
    }, delaySeconds * 1000);
  }

  #handOut(): void {
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const [record, child] = [this.#queue.shift(), this.#idle.shift()];
      this.#running++;
      child?.send([record]);
    }
  }
}
