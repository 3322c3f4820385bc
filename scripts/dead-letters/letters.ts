import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { GetParametersByPathCommand, type SSMClient } from '@aws-sdk/client-ssm';
import {
  type DeadLetterQueue,
  parseDeadLetterQueue,
  REASON_ATTRIBUTE,
} from '../../lambdas/contract/dead-letters';
import { isJsonObject, type JsonObject } from '../../lambdas/contract/json';
import { parameterNames } from '../../lambdas/contract/parameters';

/** A queue of dead letters by its name: `deliveries`, `wakes`, `requests`, `service-<name>`. */
export interface NamedQueue extends DeadLetterQueue {
  readonly name: string;
}

export interface Letter {
  readonly id: string;
  readonly queue: NamedQueue;
  readonly body: string;
  /** Why it is dead, as far as anybody said. */
  readonly reason: string;
  /** Epoch ms at which it became one. */
  readonly since: number;
  /** What it was meant for, where that is known: the ARN of a rule's target, or of a function that failed. */
  readonly target: string | undefined;
  /** Of a FIFO queue. */
  readonly group: string | undefined;
  /** With which it can be deleted or released. */
  readonly receipt: string;
}

/** How long letters that are looked at are hidden from others; they are released before, unless this process dies. */
const LOOK_SECONDS = 60;

/** A queue is looked through no further. */
const MOST_LETTERS = 1_000;

/** The queues of dead letters of an environment. Rejects where SSM does. */
export async function findQueues(ssm: SSMClient, environment: string): Promise<readonly NamedQueue[]> {
  const { deadLetters } = parameterNames(environment);
  const queues: NamedQueue[] = [];
  let token: string | undefined;
  do {
    const page = await ssm.send(
      new GetParametersByPathCommand({ Path: deadLetters, ...(token ? { NextToken: token } : {}) }),
    );
    for (const { Name = '', Value = '' } of page.Parameters ?? []) {
      const queue = parseDeadLetterQueue(Value);
      if (queue) queues.push({ name: Name.slice(deadLetters.length + 1), ...queue });
    }
    token = page.NextToken;
  } while (token);
  return queues.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** How many letters a queue has, about: those that somebody looks at included. */
export async function countLetters(sqs: SQSClient, { queueUrl }: NamedQueue): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...names] }),
  );
  return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}

/** Takes the next letters of a queue, hidden from others until they are deleted or released; none: there are no more to be had. */
export async function takeLetters(sqs: SQSClient, queue: NamedQueue): Promise<readonly Letter[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queue.queueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: LOOK_SECONDS,
      // Long polling asks every server of a queue; short polling may miss letters.
      WaitTimeSeconds: 1,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages.map((message) => letterOf(queue, message));
}

/** Lets others see letters again. */
export async function release(sqs: SQSClient, letters: readonly Letter[]): Promise<void> {
  for (const { queue, receipt } of letters) {
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: queue.queueUrl,
        ReceiptHandle: receipt,
        VisibilityTimeout: 0,
      }),
    );
  }
}

/**
 * Looks through a queue and leaves it as it was. Of a channel, a FIFO queue shows the first ten letters only: what is behind
 * them cannot be seen while they are there.
 */
export async function lookThrough(sqs: SQSClient, queue: NamedQueue): Promise<readonly Letter[]> {
  const letters: Letter[] = [];
  try {
    while (letters.length < MOST_LETTERS) {
      const more = await takeLetters(sqs, queue);
      if (more.length === 0) break;
      letters.push(...more);
    }
    return letters;
  } finally {
    await release(sqs, letters);
  }
}

function letterOf(queue: NamedQueue, message: Message): Letter {
  const { MessageId = '', Body = '', ReceiptHandle = '', Attributes = {}, MessageAttributes = {} } = message;
  const failure = failureOf(parse(Body));
  return {
    id: MessageId,
    queue,
    body: failure ? JSON.stringify(failure.event) : Body,
    reason: failure?.reason ?? reasonOf(message),
    target: failure?.functionArn ?? MessageAttributes['TARGET_ARN']?.StringValue,
    since: Number(Attributes['SentTimestamp'] ?? 0),
    group: Attributes['MessageGroupId'],
    receipt: ReceiptHandle,
  };
}

/** Ours, that of a rule's target, that of a function; a queue that gave up says nothing. */
function reasonOf({ MessageAttributes = {} }: Message): string {
  const [reason, code, ruleError, functionError] = [
    REASON_ATTRIBUTE,
    'ERROR_CODE',
    'ERROR_MESSAGE',
    'ErrorMessage',
  ].map((name) => MessageAttributes[name]?.StringValue);
  if (reason !== undefined) return reason;
  if (ruleError !== undefined) return `${code ?? 'not handed over'}: ${ruleError}`;
  return functionError ?? 'received ten times without success';
}

/** What Lambda says of an event that a function failed for, in a destination's record around it. */
function failureOf(record: JsonObject | undefined) {
  const { requestContext: context, requestPayload: event, responsePayload: response } = record ?? {};
  if (!isJsonObject(context) || !isJsonObject(event)) return undefined;
  const { functionArn, condition } = context;
  const message = isJsonObject(response) ? response['errorMessage'] : undefined;
  return {
    event,
    functionArn: typeof functionArn === 'string' ? functionArn : undefined,
    reason: typeof message === 'string' ? message : `the function failed: ${String(condition)}`,
  };
}

/** The content in JSON; undefined where it is no object. */
export function contentOf({ body }: Letter): JsonObject | undefined {
  return parse(body);
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
