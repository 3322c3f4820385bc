import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { ManualClock, SqsFixture } from './endpoint-fixture';

const clock = new ManualClock();
const { sqs, fixture } = new SqsFixture(clock);
let client: SQSClient;
let count = 0;

beforeAll(async () => {
  await fixture.start();
  client = new SQSClient(fixture.client());
});
afterAll(async () => {
  client.destroy();
  sqs.close();
  await fixture.close();
});

function newQueue(attributes = {}) {
  count += 1;
  return sqs.createQueue({
    name: `queue-${count}.fifo`,
    attributes: { FifoQueue: true, ContentBasedDeduplication: true, VisibilityTimeout: 5, ...attributes },
  });
}

async function receive(QueueUrl: string, max = 10): Promise<Message[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: max, MessageSystemAttributeNames: ['All'] }),
  );
  return Messages;
}

const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);

/** Sends `a1`, `b2` and so on: the first letter is the group. */
async function send(QueueUrl: string, ...names: string[]) {
  const Entries = names.map((name) => ({ Id: name, MessageBody: name, MessageGroupId: name.slice(0, 1) }));
  const { Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  expect(Failed ?? []).toEqual([]);
}

async function remove(QueueUrl: string, ...messages: (Message | undefined)[]) {
  for (const message of messages) {
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
  }
}

describe('message groups', () => {
  it('give several messages of a group in order in one receive, then other groups', async () => {
    const { url } = newQueue();
    await send(url, 'a1', 'b1', 'a2', 'b2', 'a3');
    expect(bodies(await receive(url, 4))).toEqual(['a1', 'a2', 'a3', 'b1']);
  });

  it('are locked while one of their messages is in flight', async () => {
    const { url } = newQueue();
    await send(url, 'a1', 'a2', 'b1', 'a3');
    const [a1] = await receive(url, 1);
    expect(bodies(await receive(url))).toEqual(['b1']);
    await send(url, 'a4');
    expect(await receive(url)).toEqual([]);
    await remove(url, a1);
    expect(bodies(await receive(url))).toEqual(['a2', 'a3', 'a4']);
  });

  it('keep their order when messages come back', async () => {
    const { url } = newQueue();
    await send(url, 'a1', 'a2', 'a3');
    const [a1] = await receive(url, 2);
    await remove(url, a1);
    expect(await receive(url)).toEqual([]);
    clock.advance(5_000);
    expect(bodies(await receive(url))).toEqual(['a2', 'a3']);
  });

  it('stay locked while a later message of the same receive is in flight', async () => {
    const { url } = newQueue();
    await send(url, 'a1', 'a2');
    const [a1, a2] = await receive(url);
    const back = { QueueUrl: url, ReceiptHandle: a1?.ReceiptHandle, VisibilityTimeout: 0 };
    await client.send(new ChangeMessageVisibilityCommand(back));
    expect(await receive(url)).toEqual([]);
    await remove(url, a2);
    expect(bodies(await receive(url))).toEqual(['a1']);
  });

  it('are required', async () => {
    const { url } = newQueue();
    const sent = client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' }));
    await expect(sent).rejects.toMatchObject({
      name: 'MissingParameter',
      message: expect.stringContaining('MessageGroupId'),
    });
  });

  it('show ids and growing sequence numbers of 20 digits', async () => {
    const { url } = newQueue();
    const sent = await client.send(
      new SendMessageCommand({ QueueUrl: url, MessageBody: 'a1', MessageGroupId: 'a' }),
    );
    await send(url, 'a2');
    const [a1, a2] = await receive(url);
    expect(a1?.Attributes).toMatchObject({
      MessageGroupId: 'a',
      MessageDeduplicationId: createHash('sha256').update('a1').digest('hex'),
      SequenceNumber: sent.SequenceNumber,
    });
    expect(sent.SequenceNumber).toMatch(/^\d{20}$/);
    expect(BigInt(a2?.Attributes?.SequenceNumber ?? 0) > BigInt(sent.SequenceNumber ?? 0)).toBe(true);
  });
});

describe('deduplication', () => {
  const sendAs = (
    QueueUrl: string,
    MessageBody: string,
    MessageGroupId: string,
    MessageDeduplicationId?: string,
  ) => client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId }));

  it('drops a repeat within five minutes, even of a deleted message, and answers as before', async () => {
    const { url } = newQueue();
    const first = await sendAs(url, 'x', 'a', 'id');
    await remove(url, ...(await receive(url)));
    clock.advance(299_999);
    const second = await sendAs(url, 'another body', 'a', 'id');
    expect([second.MessageId, second.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
    expect(await receive(url)).toEqual([]);
    clock.advance(1);
    await sendAs(url, 'later', 'a', 'id');
    expect(bodies(await receive(url))).toEqual(['later']);
  });

  it('spans the queue by default', async () => {
    const { url } = newQueue();
    await sendAs(url, 'x', 'a');
    await sendAs(url, 'x', 'b');
    expect(await receive(url)).toHaveLength(1);
  });

  it('spans a group in high-throughput mode', async () => {
    const { url } = newQueue({
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    await sendAs(url, 'x', 'a');
    await sendAs(url, 'x', 'b');
    await sendAs(url, 'x', 'b');
    expect(await receive(url)).toHaveLength(2);
  });

  it('needs an id where it does not go by content', async () => {
    const { url } = newQueue({ ContentBasedDeduplication: false });
    await expect(sendAs(url, 'x', 'a')).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringContaining('ContentBasedDeduplication'),
    });
  });
});

it('refuses a delay per message and takes one of the queue', async () => {
  const { url } = newQueue({ DelaySeconds: 3 });
  const delayed = { QueueUrl: url, MessageBody: 'x', MessageGroupId: 'a', DelaySeconds: 1 };
  await expect(client.send(new SendMessageCommand(delayed))).rejects.toMatchObject({
    name: 'InvalidParameterValue',
  });
  await send(url, 'a1');
  expect(await receive(url)).toEqual([]);
  clock.advance(3_000);
  expect(bodies(await receive(url))).toEqual(['a1']);
});

it('refuses a receipt handle that has expired', async () => {
  const { url } = newQueue();
  await send(url, 'a1');
  const [a1] = await receive(url);
  clock.advance(5_000);
  await expect(remove(url, a1)).rejects.toMatchObject({
    name: 'InvalidParameterValue',
    message: expect.stringContaining('The receipt handle has expired'),
  });
});

it('moves a dead letter with its group and opens the group', async () => {
  const dead = newQueue();
  count += 1;
  const { url } = sqs.createQueue({
    name: `queue-${count}.fifo`,
    attributes: { FifoQueue: true, ContentBasedDeduplication: true, VisibilityTimeout: 5 },
    redrive: { deadLetterTargetArn: dead.arn, maxReceiveCount: 1 },
  });
  await send(url, 'a1', 'a2');
  await receive(url, 1);
  clock.advance(5_000);
  expect(bodies(await receive(url))).toEqual(['a2']);
  const [letter] = await receive(dead.url);
  expect(letter).toMatchObject({
    Body: 'a1',
    Attributes: { MessageGroupId: 'a', SentTimestamp: String(clock.now) },
  });
});
