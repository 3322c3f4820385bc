import { randomUUID } from 'node:crypto';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { AwsError } from '../../ports';
import { InvalidParameterValue, QueueDoesNotExist, ResourceNotFound } from './errors';
import type { Queue } from './queue';
import type { Queues } from './queues';

/** Messages that are moved before others get their turn, where no rate is asked for. */
const MESSAGES_PER_TURN = 100;

export type MoveStatus = 'RUNNING' | 'CANCELLING' | 'CANCELLED' | 'COMPLETED' | 'FAILED';

export interface MoveRequest {
  /** Of a dead letter queue. */
  readonly sourceArn: string;
  /** @default the queues that the messages come from */
  readonly destinationArn?: string | undefined;
  /** 1 to 500. @default as fast as it goes */
  readonly perSecond?: number | undefined;
}

/** A run that brings dead letters back, or elsewhere, as new messages. */
export class MoveTask {
  readonly handle: string;
  readonly request: MoveRequest;
  readonly toMove: number;
  readonly startedAt = Date.now();
  status: MoveStatus = 'RUNNING';
  moved = 0;
  failureReason: string | undefined;

  constructor(request: MoveRequest, toMove: number) {
    this.request = request;
    this.toMove = toMove;
    const named = { taskId: randomUUID(), sourceArn: request.sourceArn };
    this.handle = Buffer.from(JSON.stringify(named)).toString('base64');
  }

  get isActive(): boolean {
    return this.status === 'RUNNING' || this.status === 'CANCELLING';
  }
}

/** The message move tasks of an account's queues. */
export class MoveTasks {
  readonly #queues: Queues;
  readonly #tasks: MoveTask[] = [];
  readonly #closing = new AbortController();

  constructor(queues: Queues) {
    this.#queues = queues;
  }

  /** @throws AwsError for queues that are none, a source that is no dead letter queue, and a second task of one source */
  start(request: MoveRequest): MoveTask {
    const { sourceArn, destinationArn, perSecond } = request;
    if (perSecond !== undefined && (perSecond < 1 || perSecond > 500)) {
      throw new InvalidParameterValue(
        `Value ${perSecond} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500.`,
      );
    }
    const source = this.#queue(sourceArn, 'SourceArn');
    if (this.#queues.sourcesOf(sourceArn).length === 0) {
      throw new InvalidParameterValue('Source queue must be configured as a Dead Letter Queue.');
    }
    if (destinationArn === sourceArn) {
      throw new InvalidParameterValue('Source queue arn and destination queue arn cannot be the same.');
    }
    if (destinationArn !== undefined) this.#queue(destinationArn, 'DestinationArn');
    if (this.#tasks.some((task) => task.isActive && task.request.sourceArn === sourceArn)) {
      throw new InvalidParameterValue(
        'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
      );
    }
    const task = new MoveTask(request, source.counts().visible);
    this.#tasks.unshift(task);
    void this.#run(task, source);
    return task;
  }

  /** The latest first. */
  list(sourceArn: string, most: number): readonly MoveTask[] {
    this.#queue(sourceArn, 'SourceArn');
    return this.#tasks.filter(({ request }) => request.sourceArn === sourceArn).slice(0, most);
  }

  cancel(handle: string): MoveTask {
    this.#queue(sourceOf(handle), 'SourceArn');
    const task = this.#tasks.find((each) => each.handle === handle);
    if (task === undefined) throw new ResourceNotFound('Task does not exist.');
    if (task.status !== 'RUNNING') throw new InvalidParameterValue('Only active tasks can be cancelled.');
    task.status = 'CANCELLING';
    return task;
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(task: MoveTask, source: Queue): Promise<void> {
    const { perSecond } = task.request;
    const { signal } = this.#closing;
    try {
      while (task.moved < task.toMove && !signal.aborted) {
        if (perSecond !== undefined) await sleep(1000 / perSecond, undefined, { signal });
        else if (task.moved % MESSAGES_PER_TURN === 0) await turn();
        if (task.status === 'CANCELLING') break;
        if (!source.handOn((message) => this.#destination(task, message.deadLetterSourceArn).adopt(message)))
          break;
        task.moved += 1;
      }
      task.status = task.status === 'CANCELLING' ? 'CANCELLED' : 'COMPLETED';
    } catch (error) {
      if (signal.aborted) return;
      task.status = 'FAILED';
      task.failureReason = error instanceof AwsError ? (error.queryCode ?? error.code) : String(error);
    }
  }

  #destination({ request }: MoveTask, origin: string | undefined): Queue {
    const arn = request.destinationArn ?? origin;
    if (arn === undefined) throw new AwsError('CouldNotDetermineMessageSource', 'message without a source');
    return this.#queues.byArn(arn).queue;
  }

  #queue(arn: string, parameter: string): Queue {
    try {
      return this.#queues.byArn(arn).queue;
    } catch (error) {
      if (!(error instanceof QueueDoesNotExist)) throw error;
      throw new ResourceNotFound(
        `The resource that you specified for the ${parameter} parameter doesn't exist.`,
      );
    }
  }
}

/** ARN of the queue that a task's handle names. @throws InvalidParameterValue */
export function sourceOf(handle: string): string {
  try {
    const { sourceArn }: { sourceArn?: unknown } = JSON.parse(Buffer.from(handle, 'base64').toString());
    if (typeof sourceArn === 'string') return sourceArn;
  } catch {
    // It says the same as a handle without a source.
  }
  throw new InvalidParameterValue('Value for parameter TaskHandle is invalid.');
}
