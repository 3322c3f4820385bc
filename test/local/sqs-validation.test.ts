import {
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { SqsFixture } from './endpoint-fixture';

const { sqs, fixture } = new SqsFixture();
let client: SQSClient;
let QueueUrl: string;
const MIB = 1_048_576;

beforeAll(async () => {
  await fixture.start();
  client = new SQSClient(fixture.client());
  QueueUrl = sqs.createQueue({ name: 'queue' }).url;
});
afterAll(async () => {
  client.destroy();
  sqs.close();
  await fixture.close();
});

const send = (MessageBody: string, more = {}) =>
  client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
const sendBatch = (Entries: { Id: string; MessageBody: string; DelaySeconds?: number }[]) =>
  client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
const entries = (...ids: string[]) => ids.map((Id) => ({ Id, MessageBody: 'x' }));
const attribute = (DataType: string, StringValue?: string) => ({
  MessageAttributes: { name: { DataType, StringValue } },
});

describe('a message', () => {
  it('may have 1 MiB, attributes included, and no more', async () => {
    await send('x'.repeat(MIB));
    await send('é'.repeat(MIB / 2));
    const name = 'InvalidParameterValue';
    await expect(send('x'.repeat(MIB + 1))).rejects.toMatchObject({ name });
    await expect(send(`${'é'.repeat(MIB / 2)}x`)).rejects.toMatchObject({ name });
    await expect(send('x'.repeat(MIB - 4), attribute('String', 'v'))).rejects.toMatchObject({ name });
  });

  it.each(['\u0000', '\u001b', '\ufffe', 'a\ud800b'])('may not hold %j', async (body) => {
    await expect(send(body)).rejects.toMatchObject({ name: 'InvalidMessageContents' });
  });

  it.each([
    ['no body', '', {}, 'MissingParameter'],
    ['a delay over 15 minutes', 'x', { DelaySeconds: 901 }, 'InvalidParameterValue'],
    ['a deduplication id on a standard queue', 'x', { MessageDeduplicationId: 'a' }, 'InvalidParameterValue'],
    ['a group id with a space', 'x', { MessageGroupId: 'a b' }, 'InvalidParameterValue'],
    ['an attribute of no type', 'x', attribute('Text', 'v'), 'InvalidParameterValue'],
    ['an attribute of no value', 'x', attribute('String'), 'InvalidParameterValue'],
    ['a number that is none', 'x', attribute('Number', 'one'), 'InvalidParameterValue'],
    [
      'a reserved name',
      'x',
      { MessageAttributes: { 'AWS.x': { DataType: 'String', StringValue: 'v' } } },
      'InvalidParameterValue',
    ],
  ])('is refused with %s', async (_, body, more, name) => {
    await expect(send(body, more)).rejects.toMatchObject({ name });
  });

  it('may have a group on a standard queue', async () => {
    await expect(send('x', { MessageGroupId: 'tenant' })).resolves.toHaveProperty('MessageId');
  });
});

describe('a batch', () => {
  it.each([
    ['no entries', [], 'EmptyBatchRequest'],
    ['eleven entries', entries(...'abcdefghijk'), 'TooManyEntriesInBatchRequest'],
    ['an id twice', entries('a', 'a'), 'BatchEntryIdsNotDistinct'],
    ['an id with a dot', entries('a.b'), 'InvalidBatchEntryId'],
    ['an id of 81 characters', entries('a'.repeat(81)), 'InvalidBatchEntryId'],
    [
      'more than 1 MiB',
      entries('a', 'b').map((e) => ({ ...e, MessageBody: 'x'.repeat(MIB / 2 + 1) })),
      'BatchRequestTooLong',
    ],
  ])('is refused with %s', async (_, batch, name) => {
    await expect(sendBatch(batch)).rejects.toMatchObject({ name });
  });

  it('refuses single entries with the code of the API', async () => {
    const result = await sendBatch([
      { Id: 'good', MessageBody: 'x' },
      { Id: 'delay', MessageBody: 'x', DelaySeconds: -1 },
      { Id: 'characters', MessageBody: '\u0000' },
    ]);
    expect(result.Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(result.Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault])).toEqual([
      ['delay', 'InvalidParameterValue', true],
      ['characters', 'InvalidMessageContents', true],
    ]);
  });
});

it.each([
  [{ MaxNumberOfMessages: 11 }, 'InvalidParameterValue'],
  [{ MaxNumberOfMessages: 0 }, 'InvalidParameterValue'],
  [{ WaitTimeSeconds: 21 }, 'InvalidParameterValue'],
  [{ VisibilityTimeout: 43_201 }, 'InvalidParameterValue'],
  [{ MessageSystemAttributeNames: ['Nothing' as 'All'] }, 'InvalidAttributeName'],
])('refuses to receive with %j', async (more, name) => {
  await expect(client.send(new ReceiveMessageCommand({ QueueUrl, ...more }))).rejects.toMatchObject({ name });
});

describe('createQueue', () => {
  it.each([
    ['a name that is taken', { name: 'queue' }, /already exists/],
    ['a name with a dot', { name: 'a.b' }, /Can only include/],
    ['FIFO without the suffix', { name: 'a', attributes: { FifoQueue: true } }, /FifoQueue/],
    ['an unknown attribute', { name: 'a', attributes: { Colour: 'red' } }, /Unknown Attribute Colour/],
    ['a value out of range', { name: 'a', attributes: { VisibilityTimeout: 43_201 } }, /0 to 43200.*43201/],
    ['a value that is no number', { name: 'a', attributes: { DelaySeconds: 'soon' } }, /DelaySeconds/],
    [
      'high throughput without its scope',
      { name: 'a.fifo', attributes: { FifoQueue: true, FifoThroughputLimit: 'perMessageGroupId' } },
      /FifoThroughputLimit/,
    ],
    [
      'dead letters of another kind',
      {
        name: 'a',
        redrive: { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:d.fifo', maxReceiveCount: 1 },
      },
      /RedrivePolicy/,
    ],
    [
      'no receive allowed',
      {
        name: 'a',
        redrive: { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:d', maxReceiveCount: 0 },
      },
      /maxReceiveCount/,
    ],
  ])('refuses %s', (_, queue, message) => {
    expect(() => sqs.createQueue(queue)).toThrow(message);
  });
});
