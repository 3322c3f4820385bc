import type { JsonObject } from '../../../lambdas/contract/json';
import {
  type AwsResponse,
  type AwsService,
  LOCAL_ACCOUNT,
  type Principal,
  type QueueMessage,
  type QueueSource,
} from '../../ports';
import { Input } from '../input';
import { type Caller, type ConnectedRequest, JsonService, type Operation } from '../json-service';
import { batchEntries, performBatch } from './batch';
import { InvalidParameterValue } from './errors';
import { moveOperationsOf } from './move-operations';
import { MoveTasks } from './move-tasks';
import {
  changeMessageVisibility,
  deleteMessage,
  getQueueAttributes,
  missing,
  readMessage,
  receiveMessage,
  sendMessage,
  sendMessageBatch,
} from './operations';
import type { Queue } from './queue';
import { type NewQueue, type QueueEntry, Queues } from './queues';
import { toQueueMessage } from './receive';
import type { NewMessage } from './requests';
import { checkMessage } from './send-checks';

export interface SqsServiceOptions {
  readonly region: string;
  /** Start of queue URLs, `http://localhost:<port>`, asked for whenever one is made. */
  readonly baseUrl: () => string;
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number;
}

export type SendOptions = Omit<NewMessage, 'body' | 'senderId'>;

/** SQS in memory: the API in AWS JSON 1.0, and the same queues for routers and pollers in this process. */
export class SqsService implements AwsService, QueueSource {
  readonly #queues: Queues;
  readonly #moveTasks: MoveTasks;
  readonly #baseUrl: () => string;
  readonly #api: JsonService;

  constructor({ region, baseUrl, now = Date.now }: SqsServiceOptions) {
    this.#queues = new Queues(region, now);
    this.#moveTasks = new MoveTasks(this.#queues);
    this.#baseUrl = baseUrl;
    this.#api = new JsonService({ service: 'sqs', version: '1.0', operations: this.#operations() });
  }

  handle(request: ConnectedRequest): Promise<AwsResponse> {
    return this.#api.handle(request);
  }

  /** Throws the AwsError that CreateQueue would answer. */
  createQueue(queue: NewQueue): { readonly name: string; readonly arn: string; readonly url: string } {
    const { name, arn } = this.#queues.create(queue);
    return { name, arn, url: this.#url(name) };
  }

  /** Ends its long polls and drops its messages. */
  deleteQueue(queueArn: string): void {
    this.#queues.delete(queueArn);
  }

  /** Sends as `principal`, under the same checks as SendMessage. */
  send(
    queueArn: string,
    body: string,
    options: SendOptions,
    principal: Principal,
  ): { readonly messageId: string; readonly sequenceNumber: string | undefined } {
    const { queue } = this.#queues.byArn(queueArn);
    const message: NewMessage = { ...options, body, senderId: principal.senderId };
    checkMessage(message, queue.settings);
    return queue.send(message);
  }

  async receive(
    queueArn: string,
    options: { max: number; waitMs: number; signal: AbortSignal; visibilityMs?: number },
  ): Promise<QueueMessage[]> {
    const received = await this.#queues.byArn(queueArn).queue.receive(options);
    return received.map(toQueueMessage);
  }

  delete(queueArn: string, receiptHandles: readonly string[]): void {
    const { queue } = this.#queues.byArn(queueArn);
    for (const handle of receiptHandles) queue.delete(handle);
  }

  changeVisibility(queueArn: string, receiptHandle: string, visibilityMs: number): void {
    this.#queues.byArn(queueArn).queue.changeVisibility(receiptHandle, visibilityMs);
  }

  isFifo(queueArn: string): boolean {
    return this.#queues.byArn(queueArn).queue.settings.fifo;
  }

  /** The queue's own visibility timeout in milliseconds. */
  visibilityMs(queueArn: string): number {
    return this.#queues.byArn(queueArn).queue.settings.visibilityMs;
  }

  /** ARNs of all queues. */
  arns(): string[] {
    return this.#queues.names.map((name) => this.#queues.byName(name).queue.arn);
  }

  /** How many messages the queue holds. */
  counts(queueArn: string): ReturnType<Queue['counts']> {
    return this.#queues.byArn(queueArn).queue.counts();
  }

  /** Ends every long poll and timer. */
  close(): void {
    this.#moveTasks.close();
    this.#queues.close();
  }

  #url(name: string): string {
    return `${this.#baseUrl()}/${LOCAL_ACCOUNT}/${name}`;
  }

  #operations(): Record<string, Operation> {
    type QueueOperation = (input: Input, entry: QueueEntry, caller: Caller) => object | Promise<object>;
    const onQueue =
      (operation: QueueOperation): Operation =>
      (members: JsonObject, caller) => {
        const input = new Input(members, missing);
        return operation(input, this.#queues.byUrl(input.string('QueueUrl')), caller);
      };
    return {
      SendMessage: onQueue((input, { queue }, { principal }) =>
        sendMessage(queue, readMessage(input, principal)),
      ),
      SendMessageBatch: onQueue(sendMessageBatch),
      ReceiveMessage: onQueue(receiveMessage),
      DeleteMessage: onQueue((input, { queue }) => deleteMessage(input, queue)),
      DeleteMessageBatch: onQueue((input, { queue }) =>
        performBatch(batchEntries(input), (entry) => deleteMessage(entry, queue)),
      ),
      ChangeMessageVisibility: onQueue((input, { queue }) => changeMessageVisibility(input, queue)),
      ChangeMessageVisibilityBatch: onQueue((input, { queue }) =>
        performBatch(batchEntries(input), (entry) => changeMessageVisibility(entry, queue)),
      ),
      GetQueueAttributes: onQueue(getQueueAttributes),
      PurgeQueue: onQueue((_, { queue }) => {
        queue.purge();
        return {};
      }),
      GetQueueUrl: (members) => {
        const { queue } = this.#queues.byName(new Input(members, missing).string('QueueName'));
        return { QueueUrl: this.#url(queue.name) };
      },
      ListQueues: (members) => {
        const input = new Input(members, missing);
        const prefix = input.optionalString('QueueNamePrefix') ?? '';
        const { urls, next } = this.#page(input, (name) => name.startsWith(prefix));
        return { QueueUrls: urls, ...next };
      },
      ListDeadLetterSourceQueues: onQueue((input, { queue }) => {
        const sources = new Set(this.#queues.sourcesOf(queue.arn));
        const { urls, next } = this.#page(input, (name) => sources.has(name));
        return { queueUrls: urls, ...next };
      }),
      ...moveOperationsOf(this.#moveTasks),
    };
  }

  /** As on AWS, a NextToken comes only when MaxResults is given. The token is the last name of the page. */
  #page(input: Input, belongs: (name: string) => boolean) {
    const max = input.optionalInteger('MaxResults');
    if (max !== undefined && (max < 1 || max > 1_000)) {
      throw new InvalidParameterValue(`MaxResults: expected 1 to 1000, got ${max}`);
    }
    const after = input.optionalString('NextToken') ?? '';
    const names = this.#queues.names.filter((name) => belongs(name) && name > after);
    const page = names.slice(0, max ?? 1_000);
    const more = max !== undefined && names.length > page.length;
    return { urls: page.map((name) => this.#url(name)), next: more ? { NextToken: page.at(-1) } : {} };
  }
}
