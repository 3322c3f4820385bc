import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
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

function newQueue(attributes = {}, redrive?: { deadLetterTargetArn: string; maxReceiveCount: number }) {
  count += 1;
  return sqs.createQueue({ name: `queue-${count}`, attributes, ...(redrive ? { redrive } : {}) });
}

async function receive(QueueUrl: string, more = {}) {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more }),
  );
  return Messages;
}

const send = (QueueUrl: string, MessageBody: string, more = {}) =>
  client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));

describe('a message', () => {
  it('comes back whole, with the checksums that the SDK compares', async () => {
    const { url } = newQueue();
    const principal = fixture.identities.issue('echo', 'arn:aws:iam::000000000000:role/echo');
    const caller = new SQSClient(fixture.client(principal));
    const body = 'quotes " and \\ and 😀\ttab\nline';
    const MessageAttributes = {
      text: { DataType: 'String', StringValue: 'é' },
      number: { DataType: 'Number.int', StringValue: '12' },
      bytes: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) },
    };
    const sent = await caller.send(
      new SendMessageCommand({ QueueUrl: url, MessageBody: body, MessageAttributes }),
    );
    const [message] = await receive(url, {
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    expect(message).toMatchObject({
      Body: body,
      MessageId: sent.MessageId,
      MD5OfBody: sent.MD5OfMessageBody,
    });
    expect(message?.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
    expect(message?.Attributes).toEqual({
      SenderId: principal.senderId,
      SentTimestamp: String(clock.now),
      ApproximateReceiveCount: '1',
      ApproximateFirstReceiveTimestamp: String(clock.now),
    });
    expect(Buffer.from(message?.MessageAttributes?.['bytes']?.BinaryValue ?? [])).toEqual(
      Buffer.from([0, 255]),
    );
    caller.destroy();
  });

  it('has an attribute checksum over lengths, transport types and values', async () => {
    const { url } = newQueue();
    const MessageAttributes = { a: { DataType: 'String', StringValue: 'b' } };
    const { MD5OfMessageAttributes } = await send(url, 'x', { MessageAttributes });
    // md5 of 00000001 'a' 00000006 'String' 01 00000001 'b'
    expect(MD5OfMessageAttributes).toBe('bef8bf215374a0a228d67533b1a488be');
  });

  it('shows only the attributes that were asked for', async () => {
    const { url } = newQueue({ VisibilityTimeout: 0 });
    await send(url, 'x', {
      MessageAttributes: {
        'a.one': { DataType: 'String', StringValue: '1' },
        b: { DataType: 'String', StringValue: '2' },
      },
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1' } },
    });
    const [bare] = await receive(url);
    expect(bare).not.toHaveProperty('Attributes');
    expect(bare).not.toHaveProperty('MessageAttributes');
    const [some] = await receive(url, { AttributeNames: ['AWSTraceHeader'], MessageAttributeNames: ['a.*'] });
    expect(some?.Attributes).toEqual({ AWSTraceHeader: 'Root=1' });
    expect(Object.keys(some?.MessageAttributes ?? {})).toEqual(['a.one']);
  });

  it('is hidden while in flight and comes again after its visibility timeout', async () => {
    const { url } = newQueue({ VisibilityTimeout: 5 });
    await send(url, 'x');
    expect(await receive(url)).toHaveLength(1);
    clock.advance(4_999);
    expect(await receive(url)).toHaveLength(0);
    clock.advance(1);
    const [again] = await receive(url, { AttributeNames: ['ApproximateReceiveCount'] });
    expect(again?.Attributes).toEqual({ ApproximateReceiveCount: '2' });
  });

  it('is delayed by its own DelaySeconds or else by the queue', async () => {
    const { url } = newQueue({ DelaySeconds: 10 });
    await send(url, 'own', { DelaySeconds: 2 });
    await send(url, 'queue');
    await send(url, 'none', { DelaySeconds: 0 });
    expect((await receive(url)).map(({ Body }) => Body)).toEqual(['none']);
    clock.advance(2_000);
    expect((await receive(url)).map(({ Body }) => Body)).toEqual(['own']);
    clock.advance(8_000);
    expect((await receive(url)).map(({ Body }) => Body)).toEqual(['queue']);
  });

  it('is gone after its retention period', async () => {
    const { url } = newQueue({ MessageRetentionPeriod: 60 });
    await send(url, 'x');
    clock.advance(60_000);
    expect(await receive(url)).toEqual([]);
  });
});

describe('a receipt handle', () => {
  it('deletes, twice without complaint', async () => {
    const { url } = newQueue();
    await send(url, 'x');
    const [message] = await receive(url);
    const deletion = { QueueUrl: url, ReceiptHandle: message?.ReceiptHandle };
    await client.send(new DeleteMessageCommand(deletion));
    await client.send(new DeleteMessageCommand(deletion));
    clock.advance(60_000);
    expect(await receive(url)).toEqual([]);
  });

  it('of an earlier receive succeeds without deleting', async () => {
    const { url } = newQueue({ VisibilityTimeout: 1 });
    await send(url, 'x');
    const [first] = await receive(url);
    clock.advance(1_000);
    await receive(url);
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle }));
    clock.advance(1_000);
    expect(await receive(url)).toHaveLength(1);
  });

  it('is refused when it is none, or another queue’s', async () => {
    const [one, other] = [newQueue(), newQueue()];
    await send(other.url, 'x');
    const [message] = await receive(other.url);
    for (const ReceiptHandle of ['nonsense', message?.ReceiptHandle]) {
      const attempt = client.send(new DeleteMessageCommand({ QueueUrl: one.url, ReceiptHandle }));
      await expect(attempt).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
    }
  });

  it('changes the visibility of a message in flight only', async () => {
    const { url } = newQueue({ VisibilityTimeout: 10 });
    await send(url, 'x');
    const [message] = await receive(url);
    const change = (VisibilityTimeout: number) =>
      client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: url,
          ReceiptHandle: message?.ReceiptHandle,
          VisibilityTimeout,
        }),
      );
    await change(60);
    clock.advance(59_999);
    expect(await receive(url)).toEqual([]);
    await change(0);
    await expect(change(5)).rejects.toMatchObject({ name: 'MessageNotInflight' });
    expect(await receive(url)).toHaveLength(1);
  });

  it('in a batch fails for its entry only', async () => {
    const { url } = newQueue();
    await send(url, 'x');
    const [message] = await receive(url);
    const Entries = [
      { Id: 'good', ReceiptHandle: message?.ReceiptHandle },
      { Id: 'bad', ReceiptHandle: 'nonsense' },
    ];
    const result = await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    expect(result.Successful).toEqual([{ Id: 'good' }]);
    expect(result.Failed).toEqual([expect.objectContaining({ Id: 'bad', Code: 'ReceiptHandleIsInvalid' })]);
  });
});

describe('dead letters', () => {
  it('are moved with their id, attributes and history once they were received too often', async () => {
    const dead = newQueue();
    const { url, arn } = newQueue(
      { VisibilityTimeout: 1 },
      { deadLetterTargetArn: dead.arn, maxReceiveCount: 2 },
    );
    const MessageAttributes = { a: { DataType: 'String', StringValue: 'b' } };
    const { MessageId } = await send(url, 'poison', { MessageAttributes });
    const sentAt = clock.now;
    for (let round = 0; round < 2; round += 1) {
      expect(await receive(url)).toHaveLength(1);
      clock.advance(1_000);
    }
    expect(await receive(url)).toEqual([]);
    const [letter] = await receive(dead.url, { AttributeNames: ['All'], MessageAttributeNames: ['All'] });
    expect(letter).toMatchObject({ MessageId, Body: 'poison' });
    expect(letter?.MessageAttributes).toMatchObject(MessageAttributes);
    expect(letter?.Attributes).toMatchObject({
      DeadLetterQueueSourceArn: arn,
      SentTimestamp: String(sentAt),
      ApproximateReceiveCount: '3',
    });
  });

  it('stay in the queue when their target does not exist', async () => {
    const missing = 'arn:aws:sqs:us-east-1:000000000000:missing';
    const { url } = newQueue({ VisibilityTimeout: 1 }, { deadLetterTargetArn: missing, maxReceiveCount: 1 });
    await send(url, 'x');
    await receive(url);
    clock.advance(1_000);
    expect(await receive(url)).toHaveLength(1);
  });
});

describe('a queue', () => {
  it('tells its attributes and counts', async () => {
    const dead = newQueue();
    const { url, arn } = newQueue({}, { deadLetterTargetArn: dead.arn, maxReceiveCount: 3 });
    const Entries = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: Id, DelaySeconds: Id === 'c' ? 60 : 0 }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    await receive(url, { MaxNumberOfMessages: 1 });
    const attributes = async (...AttributeNames: ('All' | 'QueueArn')[]) =>
      (await client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames }))).Attributes;
    expect(await attributes('All')).toMatchObject({
      QueueArn: arn,
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '1',
      ApproximateNumberOfMessagesDelayed: '1',
      VisibilityTimeout: '30',
      MaximumMessageSize: '1048576',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 3 }),
    });
    expect(await attributes('QueueArn')).toEqual({ QueueArn: arn });
    expect(await attributes()).toBeUndefined();
  });

  it('is found by name, and listed in pages', async () => {
    for (const name of ['list-a', 'list-b', 'list-c']) sqs.createQueue({ name });
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: 'list-b' }));
    expect(QueueUrl).toBe(`${fixture.url}/000000000000/list-b`);
    const first = await client.send(new ListQueuesCommand({ QueueNamePrefix: 'list-', MaxResults: 2 }));
    const { NextToken } = first;
    const second = await client.send(
      new ListQueuesCommand({ QueueNamePrefix: 'list-', MaxResults: 2, NextToken }),
    );
    const names = [first, second].map(({ QueueUrls }) => QueueUrls?.map((url) => url.split('/').pop()));
    expect(names).toEqual([['list-a', 'list-b'], ['list-c']]);
    expect(second.NextToken).toBeUndefined();
  });

  it('that does not exist is said to be missing', async () => {
    const name = 'QueueDoesNotExist';
    await expect(client.send(new GetQueueUrlCommand({ QueueName: 'none' }))).rejects.toMatchObject({ name });
    await expect(send(`${fixture.url}/000000000000/none`, 'x')).rejects.toMatchObject({
      name,
      Error: { Code: 'AWS.SimpleQueueService.NonExistentQueue', Type: 'Sender' },
    });
  });

  it('is purged once a minute', async () => {
    const { url, arn } = newQueue();
    await send(url, 'a');
    await send(url, 'b', { DelaySeconds: 5 });
    await receive(url);
    await client.send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(sqs.counts(arn)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    const again = client.send(new PurgeQueueCommand({ QueueUrl: url }));
    await expect(again).rejects.toMatchObject({ name: 'PurgeQueueInProgress' });
    clock.advance(60_000);
    await client.send(new PurgeQueueCommand({ QueueUrl: url }));
  });
});
