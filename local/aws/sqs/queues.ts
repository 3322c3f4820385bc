import { LOCAL_ACCOUNT } from '../../ports';
import { InvalidAttributeValue, InvalidParameterValue, QueueDoesNotExist, QueueNameExists } from './errors';
import { Queue } from './queue';
import { completeAttributes, type QueueAttributes, queueSettings, type Redrive } from './settings';

export interface NewQueue {
  /** Ends in `.fifo` for a FIFO queue. */
  readonly name: string;
  readonly attributes?: QueueAttributes;
  readonly redrive?: Redrive;
}

/** A queue with its attributes as they were set, under the names of the API. */
export interface QueueEntry {
  readonly queue: Queue;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The queues of one account and region. */
export class Queues {
  readonly #entries = new Map<string, QueueEntry>();
  readonly #arnPrefix: string;
  readonly #now: () => number;

  constructor(region: string, now: () => number) {
    this.#arnPrefix = `arn:aws:sqs:${region}:${LOCAL_ACCOUNT}:`;
    this.#now = now;
  }

  get names(): string[] {
    return [...this.#entries.keys()].sort();
  }

  /** The dead-letter queue may be created later. Throws QueueNameExists and what `completeAttributes` throws. */
  create({ name, attributes = {}, redrive }: NewQueue): Queue {
    if (this.#entries.has(name)) throw new QueueNameExists(name);
    const complete = completeAttributes(name, attributes);
    const queue = new Queue({
      arn: this.#arnPrefix + name,
      name,
      settings: queueSettings(complete, redrive ? checkRedrive(name, redrive) : undefined),
      now: this.#now,
      toDeadLetters: (message) => {
        const target = redrive && this.#entries.get(nameOf(redrive.deadLetterTargetArn))?.queue;
        target?.takeOver(message, queue.arn);
        return target !== undefined;
      },
    });
    this.#entries.set(name, { queue, attributes: complete });
    return queue;
  }

  delete(arn: string): void {
    const { queue } = this.byArn(arn);
    queue.close();
    this.#entries.delete(queue.name);
  }

  byArn(arn: string): QueueEntry {
    return this.#get(arn.startsWith(this.#arnPrefix) ? nameOf(arn) : '', arn);
  }

  byName(name: string): QueueEntry {
    return this.#get(name, name);
  }

  /** Any host will do: a queue is known by the account and name at the end of its URL. */
  byUrl(url: string): QueueEntry {
    const [, account, name] = /\/(\d{12})\/([^/]+)\/?$/.exec(url) ?? [];
    if (name === undefined)
      throw new InvalidParameterValue(`The address ${url} is not valid for this endpoint.`);
    return this.#get(account === LOCAL_ACCOUNT ? name : '', url);
  }

  /** Names of the queues whose dead letters go to this one, sorted. */
  sourcesOf(arn: string): string[] {
    return this.names.filter((name) => this.byName(name).queue.settings.redrive?.deadLetterTargetArn === arn);
  }

  close(): void {
    for (const { queue } of this.#entries.values()) queue.close();
  }

  #get(name: string, got: string): QueueEntry {
    const entry = this.#entries.get(name);
    if (!entry) throw new QueueDoesNotExist(got);
    return entry;
  }
}

function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}

function checkRedrive(name: string, redrive: Redrive): Redrive {
  const { deadLetterTargetArn, maxReceiveCount } = redrive;
  if (!Number.isInteger(maxReceiveCount) || maxReceiveCount < 1 || maxReceiveCount > 1_000) {
    throw new InvalidAttributeValue(
      'RedrivePolicy',
      'maxReceiveCount from 1 to 1000',
      String(maxReceiveCount),
    );
  }
  if (deadLetterTargetArn.endsWith('.fifo') !== name.endsWith('.fifo')) {
    throw new InvalidAttributeValue(
      'RedrivePolicy',
      `a dead-letter queue of the kind of ${name}`,
      deadLetterTargetArn,
    );
  }
  return redrive;
}
