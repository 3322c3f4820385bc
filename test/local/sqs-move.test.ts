import {
  CancelMessageMoveTaskCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { SqsFixture } from './endpoint-fixture';
import { eventually } from './gateway-fixture';

const { sqs, fixture } = new SqsFixture();
let client: SQSClient;
beforeAll(async () => {
  await fixture.start();
  client = new SQSClient(fixture.client());
});
afterAll(async () => {
  client.destroy();
  sqs.close();
  await fixture.close();
});

const root = fixture.identities.root();
const signal = new AbortController().signal;
let names = 0;

const receive = (arn: string, visibilityMs = 60_000) =>
  sqs.receive(arn, { max: 10, waitMs: 0, signal, visibilityMs });

/** Two queues with one dead letter queue, in which is what was sent to each: `one 0`, `two 0`, `one 1` and so on. */
async function deadLetters(perQueue: number, suffix = '') {
  const name = `q${++names}`;
  const attributes: Record<string, string> = suffix === '' ? {} : { FifoQueue: 'true' };
  const dead = sqs.createQueue({ name: `${name}-dead${suffix}`, attributes });
  const redrive = { deadLetterTargetArn: dead.arn, maxReceiveCount: 1 };
  const sources = ['one', 'two'].map((each) =>
    sqs.createQueue({ name: `${name}-${each}${suffix}`, attributes, redrive }),
  );
  for (let at = 0; at < perQueue; at += 1) {
    for (const source of sources) {
      const text = `${source.name.includes('one') ? 'one' : 'two'} ${at}`;
      const ids = suffix === '' ? {} : { groupId: 'g', deduplicationId: text.replace(' ', '-') };
      sqs.send(source.arn, text, ids, root);
    }
  }
  for (const { arn } of sources) {
    while ((await receive(arn, 0)).length > 0);
  }
  expect(sqs.counts(dead.arn).visible).toBe(2 * perQueue);
  const [one, two] = sources;
  if (!one || !two) throw new Error('expected two queues');
  return { dead, one, two };
}

const start = (SourceArn: string, more: object = {}) =>
  client.send(new StartMessageMoveTaskCommand({ SourceArn, ...more }));
const latest = async (SourceArn: string) =>
  (await client.send(new ListMessageMoveTasksCommand({ SourceArn }))).Results?.[0];

async function ended(SourceArn: string) {
  await eventually(() => expect(sqs.counts(SourceArn).inFlight).toBe(0));
  for (;;) {
    const task = await latest(SourceArn);
    if (task?.Status !== 'RUNNING' && task?.Status !== 'CANCELLING') return task;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// Words and fields as in LocalStack's snapshots of AWS, test_sqs_move_task.py.
describe('a message move task', () => {
  it('brings dead letters back to where each came from, as new messages', async () => {
    const { dead, one, two } = await deadLetters(2);
    const { TaskHandle } = await start(dead.arn);
    expect(TaskHandle).toEqual(expect.any(String));
    expect(await ended(dead.arn)).toEqual({
      Status: 'COMPLETED',
      SourceArn: dead.arn,
      ApproximateNumberOfMessagesMoved: 4,
      ApproximateNumberOfMessagesToMove: 4,
      StartedTimestamp: expect.any(Number),
    });
    const back = await receive(one.arn);
    expect(back.map(({ body }) => body).sort()).toEqual(['one 0', 'one 1']);
    expect(back[0]?.attributes).toMatchObject({ ApproximateReceiveCount: '1' });
    expect(back[0]?.attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
    expect((await receive(two.arn)).map(({ body }) => body).sort()).toEqual(['two 0', 'two 1']);
  });

  it('brings them elsewhere where that is asked for', async () => {
    const { dead, one } = await deadLetters(1);
    const elsewhere = sqs.createQueue({ name: `q${++names}` });
    await start(dead.arn, { DestinationArn: elsewhere.arn });
    expect(await ended(dead.arn)).toMatchObject({ DestinationArn: elsewhere.arn });
    expect(sqs.counts(elsewhere.arn).visible).toBe(2);
    expect(sqs.counts(one.arn).visible).toBe(0);
  });

  it('keeps the order of a FIFO group, and drops no message as a repeat', async () => {
    const { dead, one } = await deadLetters(3, '.fifo');
    await start(dead.arn);
    await ended(dead.arn);
    expect((await receive(one.arn)).map(({ body }) => body)).toEqual(['one 0', 'one 1', 'one 2']);
  });

  it('runs at the rate that is asked for, alone, until it is cancelled', async () => {
    const { dead } = await deadLetters(5);
    const { TaskHandle } = await start(dead.arn, { MaxNumberOfMessagesPerSecond: 4 });
    expect(await latest(dead.arn)).toMatchObject({
      Status: 'RUNNING',
      TaskHandle,
      MaxNumberOfMessagesPerSecond: 4,
      ApproximateNumberOfMessagesToMove: 10,
    });
    await expect(start(dead.arn)).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message:
        'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
    });
    await client.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    const task = await ended(dead.arn);
    expect(task).toMatchObject({ Status: 'CANCELLED' });
    expect(task).not.toHaveProperty('TaskHandle');
    expect(task?.ApproximateNumberOfMessagesMoved).toBeLessThan(10);
    await expect(client.send(new CancelMessageMoveTaskCommand({ TaskHandle }))).rejects.toThrow(
      /Only active tasks/,
    );
    await start(dead.arn);
    await ended(dead.arn);
    const { Results } = await client.send(
      new ListMessageMoveTasksCommand({ SourceArn: dead.arn, MaxResults: 10 }),
    );
    expect(Results?.map(({ Status }) => Status)).toEqual(['COMPLETED', 'CANCELLED']);
  });

  it('fails when its destination is gone, and keeps what it has not moved', async () => {
    const { dead } = await deadLetters(2);
    const gone = sqs.createQueue({ name: `q${++names}` });
    await start(dead.arn, { DestinationArn: gone.arn, MaxNumberOfMessagesPerSecond: 3 });
    sqs.deleteQueue(gone.arn);
    expect(await ended(dead.arn)).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'AWS.SimpleQueueService.NonExistentQueue',
      ApproximateNumberOfMessagesMoved: 0,
    });
    expect(sqs.counts(dead.arn)).toMatchObject({ visible: 4, inFlight: 0 });
  });

  it('fails at a message that nobody knows the source of', async () => {
    const { dead } = await deadLetters(1);
    sqs.send(dead.arn, 'by hand', {}, root);
    await start(dead.arn);
    expect(await ended(dead.arn)).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'CouldNotDetermineMessageSource',
      ApproximateNumberOfMessagesMoved: 2,
    });
    expect((await receive(dead.arn)).map(({ body }) => body)).toEqual(['by hand']);
  });

  it('is refused where it cannot be', async () => {
    const { dead, one } = await deadLetters(0);
    const missing = (name: string) => ({
      name: 'ResourceNotFoundException',
      message: `The resource that you specified for the ${name} parameter doesn't exist.`,
    });
    await expect(start(`${dead.arn}x`)).rejects.toMatchObject(missing('SourceArn'));
    await expect(start(dead.arn, { DestinationArn: `${dead.arn}x` })).rejects.toMatchObject(
      missing('DestinationArn'),
    );
    await expect(start(one.arn)).rejects.toThrow('Source queue must be configured as a Dead Letter Queue.');
    await expect(start(dead.arn, { DestinationArn: dead.arn })).rejects.toThrow(/cannot be the same/);
    await expect(start(dead.arn, { MaxNumberOfMessagesPerSecond: 501 })).rejects.toThrow(/between 1 and 500/);
    const cancel = (TaskHandle: string) => client.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    const handle = (sourceArn: string) =>
      Buffer.from(JSON.stringify({ taskId: 't', sourceArn })).toString('base64');
    await expect(cancel('x')).rejects.toThrow('Value for parameter TaskHandle is invalid.');
    await expect(cancel(handle(`${dead.arn}x`))).rejects.toMatchObject(missing('SourceArn'));
    await expect(cancel(handle(dead.arn))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Task does not exist.',
    });
  });
});

it('a dead letter queue knows the queues that it is for', async () => {
  const { dead, one, two } = await deadLetters(0);
  const list = (more: object) =>
    client.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead.url, ...more }));
  expect((await list({})).queueUrls).toEqual([one.url, two.url]);
  const page = await list({ MaxResults: 1 });
  expect(page).toMatchObject({ queueUrls: [one.url], NextToken: expect.any(String) });
  expect((await list({ MaxResults: 1, NextToken: page.NextToken })).queueUrls).toEqual([two.url]);
});
