import {
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { SqsFixture } from './endpoint-fixture';

const { sqs, fixture } = new SqsFixture();
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
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const poll = (QueueUrl: string, WaitTimeSeconds = 5, abortSignal?: AbortSignal) =>
  client
    .send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10 }),
      abortSignal ? { abortSignal } : {},
    )
    .then(({ Messages = [] }) => Messages.map(({ Body }) => Body));
const send = (QueueUrl: string, MessageBody: string, more = {}) =>
  client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));

it('wakes when a message arrives', async () => {
  const { url } = newQueue();
  const started = Date.now();
  const polled = poll(url);
  await pause(100);
  await send(url, 'x');
  expect(await polled).toEqual(['x']);
  expect(Date.now() - started).toBeLessThan(2_000);
});

it('wakes with a whole batch', async () => {
  const { url } = newQueue();
  const polled = poll(url);
  await pause(50);
  const Entries = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: Id }));
  await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  expect(await polled).toEqual(['a', 'b', 'c']);
});

it('wakes when a delay or a visibility timeout ends', async () => {
  const { url } = newQueue({ VisibilityTimeout: 1 });
  await send(url, 'x', { DelaySeconds: 1 });
  expect(await poll(url)).toEqual(['x']);
  expect(await poll(url)).toEqual(['x']);
});

it('ends empty after its wait, which the queue may set', async () => {
  const { url } = newQueue({ ReceiveMessageWaitTimeSeconds: 1 });
  const started = Date.now();
  expect((await client.send(new ReceiveMessageCommand({ QueueUrl: url }))).Messages).toBeUndefined();
  expect(Date.now() - started).toBeGreaterThanOrEqual(950);
});

it('gives each message to one of many polls', async () => {
  const { url } = newQueue();
  const polls = ['a', 'b', 'c'].map(() => poll(url));
  await pause(100);
  for (const body of ['a', 'b', 'c']) await send(url, body);
  expect((await Promise.all(polls)).flat().sort()).toEqual(['a', 'b', 'c']);
});

it('hands nothing to a caller that hung up', async () => {
  const { url, arn } = newQueue();
  const hangUp = new AbortController();
  const polled = poll(url, 20, hangUp.signal).catch((error: Error) => error.name);
  await pause(100);
  hangUp.abort();
  expect(await polled).toBe('AbortError');
  await pause(100);
  await send(url, 'x');
  expect(sqs.counts(arn)).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
});

it('moves dead letters although nobody polls', async () => {
  const dead = newQueue();
  const { url } = newQueue({ VisibilityTimeout: 1 }, { deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
  await send(url, 'poison');
  expect(await poll(url, 0)).toEqual(['poison']);
  expect(await poll(dead.url)).toEqual(['poison']);
});

it('serves routers and pollers of this process', async () => {
  const { arn } = newQueue({ VisibilityTimeout: 60 });
  const { signal } = new AbortController();
  const polled = sqs.receive(arn, { max: 10, waitMs: 5_000, signal });
  const sender = fixture.identities.root();
  sqs.send(arn, 'x', { messageAttributes: { a: { dataType: 'String', stringValue: 'b' } } }, sender);
  const [message] = await polled;
  expect(message).toMatchObject({
    body: 'x',
    attributes: { SenderId: sender.senderId },
    messageAttributes: { a: { dataType: 'String', stringValue: 'b' } },
  });
  sqs.changeVisibility(arn, message?.receiptHandle ?? '', 0);
  const [again] = await sqs.receive(arn, { max: 10, waitMs: 0, signal });
  sqs.delete(arn, [again?.receiptHandle ?? '']);
  expect(sqs.counts(arn)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  expect([sqs.isFifo(arn), sqs.visibilityMs(arn)]).toEqual([false, 60_000]);
  expect(() => sqs.send(arn, '\u0000', {}, sender)).toThrow(/Invalid characters/);
});

it('ends at once when a queue or the service closes', async () => {
  const { arn } = newQueue();
  const { signal } = new AbortController();
  const polled = sqs.receive(arn, { max: 1, waitMs: 20_000, signal });
  sqs.deleteQueue(arn);
  expect(await polled).toEqual([]);
  expect(() => sqs.isFifo(arn)).toThrow(/does not exist/);
});
