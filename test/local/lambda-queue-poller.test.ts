import { failedMessageIds, splitBySize } from '../../local/lambda/queue-event';
import {
  EventSourceMappingError,
  QueuePoller,
  type QueuePollerOptions,
} from '../../local/lambda/queue-poller';
import { AwsError, type InvokeResult, type QueueMessage } from '../../local/ports';
import { MemoryQueue } from './fixtures/lambda/memory-queue';
import { definition, testHost, until } from './fixtures/lambda/test-host';

interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}
type Handle = (records: readonly QueueRecord[]) => Promise<unknown>;

const FUNCTION = 'arn:aws:lambda:eu-west-1:000000000000:function:worker';
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let poller: QueuePoller | undefined;
const warnings: string[] = [];
beforeEach(() => warnings.splice(0));
afterEach(() => poller?.close());

function poll(queue: MemoryQueue, handle: Handle, options: Partial<QueuePollerOptions> = {}): QueuePoller {
  poller = new QueuePoller({
    queueArn: queue.arn,
    functionArn: FUNCTION,
    source: queue,
    log: { output: () => undefined, warn: (_source, text) => warnings.push(text) },
    invoker: {
      invoke: async (arn, payload): Promise<InvokeResult> => {
        expect(arn).toBe(FUNCTION);
        try {
          return {
            statusCode: 200,
            payload: JSON.stringify((await handle(JSON.parse(payload).Records)) ?? null),
          };
        } catch (error) {
          if (error instanceof AwsError) throw error;
          return { statusCode: 200, payload: '{}', functionError: 'Unhandled' };
        }
      },
    },
    ...options,
  });
  poller.start();
  return poller;
}

describe('a batch', () => {
  it('has the records of SQS, at most batchSize of them, and is deleted after a success', async () => {
    const queue = new MemoryQueue();
    const ids = ['a', 'b', 'c'].map((body) => queue.send(body));
    const batches: (readonly QueueRecord[])[] = [];
    poll(queue, async (records) => batches.push(records), { batchSize: 2, pollers: 1 });
    await until(() => queue.depth === 0);
    expect(batches.map((batch) => batch.map(({ body }) => body))).toEqual([['a', 'b'], ['c']]);
    expect(batches[0]?.[0]).toEqual({
      messageId: ids[0],
      receiptHandle: expect.any(String),
      body: 'a',
      attributes: { ApproximateReceiveCount: '1' },
      messageAttributes: {
        kind: { stringValue: 'test', dataType: 'String', stringListValues: [], binaryListValues: [] },
      },
      md5OfBody: '0cc175b9c0f1b6a831c399e269772661',
      eventSource: 'aws:sqs',
      eventSourceARN: queue.arn,
      awsRegion: 'eu-west-1',
    });
  });

  it('comes back whole after a function error, when its visibility timeout has ended', async () => {
    const queue = new MemoryQueue();
    for (const body of ['a', 'b']) queue.send(body);
    const calls: { at: number; bodies: string[]; counts: (string | undefined)[] }[] = [];
    poll(queue, async (records) => {
      calls.push({
        at: Date.now(),
        bodies: records.map(({ body }) => body),
        counts: records.map(({ attributes }) => attributes['ApproximateReceiveCount']),
      });
      if (calls.length === 1) throw new Error('once');
    });
    await until(() => queue.depth === 0);
    expect(calls.map(({ bodies }) => bodies)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(calls[1]?.counts).toEqual(['2', '2']);
    // The time-out counts from the receive, which on a busy machine comes some milliseconds before the call.
    const passed = (calls[1]?.at ?? 0) - (calls[0]?.at ?? 0);
    expect(passed).toBeGreaterThanOrEqual(queue.visibilityMs - 50);
  });

  it('keeps only the reported failures with ReportBatchItemFailures', async () => {
    const queue = new MemoryQueue();
    for (const body of ['a', 'b', 'c']) queue.send(body);
    const calls: string[][] = [];
    poll(
      queue,
      async (records) => {
        calls.push(records.map(({ body }) => body));
        const failed = calls.length === 1 ? records.filter(({ body }) => body === 'b') : [];
        return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      },
      { reportBatchItemFailures: true },
    );
    await until(() => queue.depth === 0);
    expect(calls).toEqual([['a', 'b', 'c'], ['b']]);
    expect(queue.deleted).toEqual(['a', 'c', 'b']);
  });

  it('ignores reported failures where the mapping does not ask for them', async () => {
    const queue = new MemoryQueue();
    queue.send('a');
    poll(queue, async ([record]) => ({ batchItemFailures: [{ itemIdentifier: record?.messageId }] }));
    await until(() => queue.depth === 0);
    expect(queue.receives).toBeLessThanOrEqual(2);
  });

  it('gathers for the batching window', async () => {
    const queue = new MemoryQueue('work', 2000);
    const calls: string[][] = [];
    const options = { batchSize: 25, maximumBatchingWindowSeconds: 0.2 };
    poll(queue, async (records) => calls.push(records.map(({ body }) => body)), options);
    for (let n = 0; n < 15; n += 1) {
      queue.send(String(n));
      await sleep(5);
    }
    await until(() => queue.depth === 0);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toHaveLength(15);
  });
});

describe('concurrency', () => {
  async function mostAtATime(queue: MemoryQueue, options: Partial<QueuePollerOptions>): Promise<number> {
    let running = 0;
    let most = 0;
    poll(
      queue,
      async () => {
        running += 1;
        most = Math.max(most, running);
        await sleep(30);
        running -= 1;
      },
      { batchSize: 1, ...options },
    );
    await until(() => queue.depth === 0);
    return most;
  }

  it.each([
    [{}, 5],
    [{ pollers: 3 }, 3],
    [{ maximumConcurrency: 2 }, 2],
  ])('with %j reaches %d', async (options, expected) => {
    const queue = new MemoryQueue('work', 5000);
    for (let n = 0; n < 12; n += 1) queue.send(String(n));
    expect(await mostAtATime(queue, options)).toBe(expected);
  });

  it('runs FIFO groups beside each other and each group in order', async () => {
    const queue = new MemoryQueue('work.fifo', 5000);
    for (let n = 0; n < 10; n += 1) for (const group of ['x', 'y', 'z']) queue.send(`${group}${n}`, group);
    const seen: Record<string, string[]> = { x: [], y: [], z: [] };
    let together = 0;
    let running = 0;
    poll(
      queue,
      async (records) => {
        running += 1;
        together = Math.max(together, running);
        await sleep(5);
        for (const { body } of records) seen[body[0] ?? '']?.push(body);
        running -= 1;
      },
      { batchSize: 1 },
    );
    await until(() => queue.depth === 0, 5000);
    expect(together).toBe(3);
    for (const [group, bodies] of Object.entries(seen)) {
      expect(bodies).toEqual(Array.from({ length: 10 }, (_, n) => `${group}${n}`));
    }
  });

  it('lets a failed FIFO group wait and works on the others', async () => {
    const queue = new MemoryQueue('work.fifo', 200);
    queue.send('x0', 'x');
    queue.send('x1', 'x');
    queue.send('y0', 'y');
    const order: string[] = [];
    poll(
      queue,
      async ([record]) => {
        order.push(record?.body ?? '');
        if (order.filter((body) => body === 'x0').length === 1 && record?.body === 'x0')
          throw new Error('once');
      },
      { batchSize: 1 },
    );
    await until(() => queue.depth === 0);
    expect(order).toEqual(['x0', 'y0', 'x0', 'x1']);
  });
});

describe('trouble', () => {
  it('tries a throttled batch again without another receive', async () => {
    const queue = new MemoryQueue('work', 5000);
    queue.send('a');
    const counts: (string | undefined)[] = [];
    poll(queue, async ([record]) => {
      counts.push(record?.attributes['ApproximateReceiveCount']);
      if (counts.length < 3) throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    });
    await until(() => queue.depth === 0);
    expect(counts).toEqual(['1', '1', '1']);
  });

  it('leaves a batch to the queue when throttling outlasts its visibility', async () => {
    const queue = new MemoryQueue('work', 5000);
    queue.send('a');
    const throttle = async () => {
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    };
    poll(queue, throttle, { visibilityTimeoutMs: 250 });
    await until(() => warnings.length > 0);
    expect(warnings[0]).toContain('Rate Exceeded');
    expect(queue.depth).toBe(1);
  });

  it('survives a failing receive', async () => {
    const queue = new MemoryQueue();
    queue.failNextReceive = true;
    queue.send('a');
    poll(queue, async () => undefined);
    await until(() => queue.depth === 0);
    expect(warnings).toEqual([expect.stringContaining('no such queue yet')]);
  });

  it('refuses settings that AWS refuses, with expected and got', () => {
    const make = (name: string, options: Partial<QueuePollerOptions>) => () =>
      poll(new MemoryQueue(name), async () => undefined, options);
    expect(make('work', { batchSize: 11 })).toThrow(EventSourceMappingError);
    expect(make('work', { batchSize: 11 })).toThrow('BatchSize: expected 1 to 10, got 11');
    expect(make('work.fifo', { maximumBatchingWindowSeconds: 1 })).toThrow(
      'expected 0 for a FIFO queue, got 1',
    );
    for (const maximumConcurrency of [1, 1001, 2.5]) {
      expect(make('work', { maximumConcurrency })).toThrow(
        `MaximumConcurrency: expected 2 to 1000, got ${maximumConcurrency}`,
      );
    }
  });

  it('close ends the long poll at once and waits for what runs', async () => {
    const queue = new MemoryQueue('work', 5000);
    queue.send('a');
    const closing = poll(queue, () => sleep(100), { batchSize: 1 });
    await until(() => closing.inFlight === 1);
    const before = Date.now();
    await closing.close();
    expect(queue.depth).toBe(0);
    expect(Date.now() - before).toBeLessThan(500);
    queue.send('b');
    await sleep(50);
    expect(queue.depth).toBe(1);
  });
});

it('drives a real function, and a killed one costs no message', async () => {
  const queue = new MemoryQueue('work', 300);
  const { host } = testHost();
  host.createFunction(definition('sleepThen', { handler: 'handlers.slowBatch' }));
  for (let n = 0; n < 30; n += 1) queue.send(String(n));
  poll(queue, async () => undefined, {
    functionArn: host.arnOf('sleepThen'),
    invoker: host,
    batchSize: 2,
    reportBatchItemFailures: true,
  });
  await until(() => host.sandboxes().some(({ busy }) => busy));
  await sleep(30);
  process.kill(host.sandboxes().find(({ busy }) => busy)?.pid ?? 0, 'SIGKILL');
  await until(() => queue.depth === 0, 5000);
  expect([...queue.deleted].sort((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: 30 }, (_, n) => String(n)),
  );
  expect(host.stats('sleepThen').diedInFlight).toBe(1);
  await poller?.close();
  await host.close();
});

describe('the response to a batch', () => {
  const batch = ['one', 'two'].map((messageId) => ({ messageId })) as unknown as QueueMessage[];
  it.each(['null', '{}', '{"batchItemFailures":[]}', '{"batchItemFailures":null}'])(
    '%s is a success',
    (response) => {
      expect(failedMessageIds(response, batch)).toEqual(new Set());
    },
  );
  it.each([
    'no JSON',
    '',
    '"text"',
    '[]',
    '{"batchItemFailures":{}}',
    '{"batchItemFailures":[{"itemIdentifier":""}]}',
    '{"batchItemFailures":[{"itemIdentifier":null}]}',
    '{"batchItemFailures":[{"messageId":"one"}]}',
    '{"batchItemFailures":["one"]}',
    '{"batchItemFailures":[{"itemIdentifier":"three"}]}',
  ])('%s fails the whole batch', (response) => {
    expect(failedMessageIds(response, batch)).toBe('all');
  });
  it('names what failed', () => {
    const response = '{"batchItemFailures":[{"itemIdentifier":"two"}]}';
    expect(failedMessageIds(response, batch)).toEqual(new Set(['two']));
  });
});

it('splits a batch that is larger than an invocation may be, in order', () => {
  const message = (body: string) => ({ messageId: body[0], body }) as unknown as QueueMessage;
  const parts = splitBySize(
    ['a', 'b', 'c'].map((letter) => message(letter.repeat(3000))),
    8000,
  );
  expect(parts.map((part) => part.map(({ messageId }) => messageId))).toEqual([['a', 'b'], ['c']]);
});
