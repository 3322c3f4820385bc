import type { PutEventsEntry, PutEventsResult } from './aws/events';
import {
  AwsError,
  type DeliverOptions,
  type HttpTargetParameters,
  type Invoker,
  type TargetRouter,
} from './ports';

/** The parts that targets live in. They may be set after the router is made: each is read when a payload comes. */
export interface RouterPorts {
  invoker?: Invoker;
  /** @throws AwsError for a queue that does not exist or a message that it refuses */
  sendToQueue?: (queueArn: string, body: string, options: DeliverOptions) => unknown | Promise<unknown>;
  events?: { putEvents(entries: readonly PutEventsEntry[]): PutEventsResult };
  apiDestinations?: { invoke(arn: string, payload: string, http?: HttpTargetParameters): Promise<void> };
}

/** An ARN that names nothing which the local runtime could deliver to. */
export class UnknownTargetError extends AwsError {
  override readonly name = 'UnknownTargetError';
  readonly arn: string;

  constructor(arn: string, reason: string) {
    super('TargetDoesNotExist', `Nothing can be delivered to ${arn}: ${reason}`);
    this.arn = arn;
  }
}

/** A function or bus that answered, and did not take the payload. */
export class TargetRefusedError extends AwsError {
  override readonly name = 'TargetRefusedError';
  readonly arn: string;

  constructor(arn: string, code: string, reason: string) {
    super(code, `${arn} did not take the payload: ${reason}`);
    this.arn = arn;
  }
}

/** Delivers by what an ARN names: functions (asynchronously invoked), queues, buses, API destinations. Log groups take everything and keep nothing. */
export class ArnRouter implements TargetRouter {
  readonly #ports: RouterPorts;

  constructor(ports: RouterPorts) {
    this.#ports = ports;
  }

  /** @throws UnknownTargetError, TargetRefusedError, or what the target throws */
  async deliver(arn: string, payload: string, options: DeliverOptions = {}): Promise<void> {
    const [prefix, , service, , , kind = ''] = arn.split(':');
    if (prefix !== 'arn') throw new UnknownTargetError(arn, 'expected an ARN');
    if (service === 'lambda' && kind === 'function') return this.#invoke(arn, payload);
    if (service === 'sqs') return this.#send(arn, payload, options);
    if (service === 'events' && kind.startsWith('event-bus/')) return this.#put(arn, payload);
    if (service === 'events' && kind.startsWith('api-destination/'))
      return this.#request(arn, payload, options);
    if (service === 'logs') return;
    throw new UnknownTargetError(
      arn,
      'expected a function, a queue, an event bus, an API destination or a log group',
    );
  }

  async #invoke(arn: string, payload: string): Promise<void> {
    const invoker = this.#ports.invoker;
    if (invoker === undefined) throw new UnknownTargetError(arn, 'no Lambda host is running');
    const { statusCode, payload: answer } = await invoker.invoke(arn, payload, 'Event');
    if (statusCode === 429) throw new TargetRefusedError(arn, 'TooManyRequestsException', answer);
    if (statusCode >= 300)
      throw new TargetRefusedError(arn, 'InvokeFailed', `status ${statusCode} ${answer}`);
  }

  async #send(arn: string, payload: string, options: DeliverOptions): Promise<void> {
    const send = this.#ports.sendToQueue;
    if (send === undefined) throw new UnknownTargetError(arn, 'no queue service is running');
    await send(arn, payload, options);
  }

  async #request(arn: string, payload: string, { http }: DeliverOptions): Promise<void> {
    const destinations = this.#ports.apiDestinations;
    if (destinations === undefined) throw new UnknownTargetError(arn, 'no API destinations are there');
    await destinations.invoke(arn, payload, http);
  }

  async #put(arn: string, payload: string): Promise<void> {
    const events = this.#ports.events;
    if (events === undefined) throw new UnknownTargetError(arn, 'no event service is running');
    const entry = busEntry(arn, payload);
    if (entry === undefined)
      throw new TargetRefusedError(arn, 'InvalidPayload', 'expected an event or a record');
    for (const result of events.putEvents([entry]).Entries) {
      if ('ErrorCode' in result) throw new TargetRefusedError(arn, result.ErrorCode, result.ErrorMessage);
    }
  }
}

/**
 * What a payload becomes on a bus: the record of an asynchronous invocation becomes an event of the source `lambda`, an event that a
 * rule passes on stays what it was.
 */
function busEntry(busArn: string, payload: string): PutEventsEntry | undefined {
  const value = parse(payload);
  if (!isRecord(value)) return undefined;
  const { source, detail } = value;
  const detailType = value['detail-type'];
  if (typeof source === 'string' && typeof detailType === 'string' && isRecord(detail)) {
    return {
      EventBusName: busArn,
      Source: source,
      DetailType: detailType,
      Detail: JSON.stringify(detail),
      Resources: strings(value['resources']),
      ...(typeof value['time'] === 'string' && { Time: new Date(value['time']) }),
    };
  }
  const context = value['requestContext'];
  if (!isRecord(context)) return undefined;
  const outcome = context['condition'] === 'Success' ? 'Success' : 'Failure';
  return {
    EventBusName: busArn,
    Source: 'lambda',
    DetailType: `Lambda Function Invocation Result - ${outcome}`,
    Detail: payload,
    Resources: strings([context['functionArn'], busArn]),
  };
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
