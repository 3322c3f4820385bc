import { AwsError } from '../ports';
import { ThrottledError } from './throttled-error';

/** What functions without a reservation must be left with; an account with less than that in all can reserve nothing. */
const UNRESERVED_MIN = 100;

/**
 * The concurrency of the account and what functions have reserved of it
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html). Counts invocations that somebody waits for, from
 * their arrival, although some wait for a process here: on AWS each would run.
 */
export class Concurrency {
  readonly #limit: number;
  readonly #reserved = new Map<string, number>();
  readonly #running = new Map<string, number>();
  #unreservedRunning = 0;

  /** @param limit of all functions together */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What functions without a reservation share. */
  get unreserved(): number {
    return [...this.#reserved.values()].reduce((left, reserved) => left - reserved, this.#limit);
  }

  /** @param count undefined: none @throws AwsError InvalidParameterValueException where too little is left for the others */
  reserve(name: string, count: number | undefined): void {
    const former = this.#reserved.get(name) ?? 0;
    const least = Math.min(UNRESERVED_MIN, this.#limit);
    if (count !== undefined && count > 0 && this.unreserved + former - count < least) {
      const text = `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${least}].`;
      throw new AwsError('InvalidParameterValueException', text);
    }
    if (count === undefined) this.#reserved.delete(name);
    else this.#reserved.set(name, count);
  }

  /** @returns to be called at the end of the invocation @throws ThrottledError */
  enter(name: string): () => void {
    const reserved = this.#reserved.get(name);
    const running = this.#running.get(name) ?? 0;
    if (reserved !== undefined && running >= reserved) {
      const reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
      throw new ThrottledError(reason, `the reserved concurrency of ${name} is ${reserved}`);
    }
    const { unreserved } = this;
    if (reserved === undefined && this.#unreservedRunning >= unreserved) {
      const detail = `${this.#unreservedRunning} invocations run, and ${unreserved} is the account's unreserved concurrency`;
      throw new ThrottledError('ConcurrentInvocationLimitExceeded', detail);
    }
    return this.begin(name);
  }

  /** One that has waited in a queue of its own. @returns to be called at the end of the invocation */
  begin(name: string): () => void {
    const isReserved = this.#reserved.has(name);
    this.#count(name, isReserved, 1);
    let left = false;
    return () => {
      if (!left) this.#count(name, isReserved, -1);
      left = true;
    };
  }

  #count(name: string, isReserved: boolean, change: 1 | -1): void {
    this.#running.set(name, (this.#running.get(name) ?? 0) + change);
    if (!isReserved) this.#unreservedRunning += change;
  }
}
