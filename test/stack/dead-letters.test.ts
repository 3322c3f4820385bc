import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DeleteMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import { deliveryCommandInput } from '../../lambdas/contract/delivery';
import { parameterNames } from '../../lambdas/contract/parameters';
import { DEFAULT_RULES } from '../../lambdas/contract/registry';
import { channelKeys } from '../../lambdas/gateway/core/keys';
import { readState } from '../../local/command/state-file';
import { cloudOf } from '../../scripts/dead-letters/cloud';
import { countLetters, findQueues, takeLetters } from '../../scripts/dead-letters/letters';
import { readDlqOptions, runDlq } from '../../scripts/dlq';
import { ApiClient } from '../support/api-client';
import { operatorRedis } from '../support/redis';
import { awsOptions, readTarget } from '../support/target';

const target = readTarget();
const directory = target.directory ?? '';
const names = parameterNames(target.environment);
const cloud = cloudOf('local', directory);
const api = new ApiClient(target);
const redis = operatorRedis(readState(directory)?.redisUrl ?? '');
const run = `${Date.now().toString(36)}${process.pid}`;
let count = 0;
const fresh = (name: string) => `${name}:dead-${run}-${++count}`;

afterAll(() => {
  cloud.close();
  redis.disconnect();
});

beforeEach(async () => {
  for (const queue of await findQueues(cloud.ssm, target.environment)) {
    // A queue may be purged once a minute only.
    while ((await countLetters(cloud.sqs, queue)) > 0) {
      for (const { receipt } of await takeLetters(cloud.sqs, queue)) {
        await cloud.sqs.send(new DeleteMessageCommand({ QueueUrl: queue.queueUrl, ReceiptHandle: receipt }));
      }
    }
  }
});

/** What the command says, line by line. */
async function dlq(...args: string[]): Promise<string[]> {
  const options = readDlqOptions([...args, '--dir', directory]);
  if (options === 'help') throw new Error('expected options, got help');
  const lines: string[] = [];
  await runDlq(cloud, options, (line) => lines.push(line));
  return lines;
}

interface Facts {
  readonly id: string;
  readonly reason: string;
  readonly content: Record<string, unknown>;
}

async function letters(queue: string, expected: number): Promise<Facts[]> {
  const deadline = Date.now() + 8_000;
  for (;;) {
    const seen = (await dlq('list', '--json', '--queue', queue)).map((line) => JSON.parse(line) as Facts);
    if (seen.length >= expected || Date.now() > deadline) return seen;
  }
}

async function parameter(name: string): Promise<string> {
  const { Parameter } = await cloud.ssm.send(new GetParameterCommand({ Name: name }));
  return Parameter?.Value ?? '';
}

/** A message on the deliveries queue, as a service sends one. */
async function deliver(channel: string, more: object = {}): Promise<void> {
  const delivery = {
    v: 1 as const,
    type: 'publication' as const,
    channel,
    data: 'hello',
    idempotencyKey: `key-${channel}`,
    source: 'test',
    publishedAt: Date.now(),
    traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    ...more,
  };
  const queueUrl = await parameter(names.deliveriesQueueUrl);
  await cloud.sqs.send(new SendMessageCommand(deliveryCommandInput(queueUrl, delivery)));
}

const historyOf = async (channel: string) =>
  (await api.call('history', { channel, limit: -1 })).body.result?.['publications'];

/** Waits until a channel has publications, and makes sure that no more come. */
async function settled(channel: string, expected: number): Promise<void> {
  const deadline = Date.now() + 8_000;
  while (Object(await historyOf(channel)).length !== expected && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await historyOf(channel)).toHaveLength(expected);
}

describe('a delivery that was put aside', () => {
  it('is listed with its reason, shown with its content, and stays', async () => {
    const channel = fresh('nobody');
    await deliver(channel);
    const [letter] = await letters('deliveries', 1);
    expect(letter).toMatchObject({
      reason: 'unknown-namespace',
      content: { channel, idempotencyKey: `key-${channel}` },
    });
    const [shown = ''] = await dlq('show', letter?.id ?? '');
    expect(JSON.parse(shown)).toMatchObject({ content: { channel, data: 'hello' } });
    expect(await letters('deliveries', 1)).toEqual([letter]);
    expect(await dlq('list')).toEqual(
      expect.arrayContaining(['deliveries: 1', 'wakes: 0', 'requests: 0', 'service-echo: 0']),
    );
  });

  it('is published by a redrive once what it lacked is there', async () => {
    const namespace = `late${run}${++count}`.slice(0, 30);
    const channels = [`${namespace}:1`, `${namespace}:2`];
    for (const channel of channels) await deliver(channel);
    await letters('deliveries', 2);
    const rules = { ...DEFAULT_RULES, historySize: 10 };
    const registration = { v: 1, service: namespace, methods: [], namespaces: { [namespace]: rules } };
    await cloud.ssm.send(
      new PutParameterCommand({
        Name: names.service(namespace),
        Value: JSON.stringify(registration),
        Type: 'String',
      }),
    );
    // The registry looks for an unknown name once in five seconds.
    await new Promise((resolve) => setTimeout(resolve, 5_500));
    expect(await dlq('redrive', '--all', '--queue', 'deliveries')).toEqual(['redriven: 2 of deliveries']);
    for (const channel of channels) await settled(channel, 1);
    expect(await letters('deliveries', 0)).toEqual([]);
  }, 30_000);
});

describe('a delivery that may be in the log', () => {
  const old = Date.now() - 3_600_000;

  /** A letter of an hour ago, as a queue puts it aside that gave up. */
  async function deadLetter(channel: string, more: object = {}): Promise<string> {
    const [queue] = (await findQueues(cloud.ssm, target.environment)).filter(
      ({ name }) => name === 'deliveries',
    );
    const delivery = {
      v: 1,
      type: 'publication',
      channel,
      data: 'hello',
      idempotencyKey: `key-${channel}`,
      source: 'test',
      publishedAt: old,
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      ...more,
    };
    const { MessageId = '' } = await cloud.sqs.send(
      new SendMessageCommand({
        QueueUrl: queue?.queueUrl,
        MessageBody: JSON.stringify(delivery),
        MessageGroupId: 'g',
        MessageDeduplicationId: `${channel}-${++count}`,
      }),
    );
    return MessageId;
  }

  it('is published by a redrive where it is not, and by no second one', async () => {
    const channel = fresh('room');
    await dlq('redrive', await deadLetter(channel));
    await settled(channel, 1);
    await redis.del(channelKeys(channel).idempotency(`key-${channel}`));
    await dlq('redrive', await deadLetter(channel));
    await settled(channel, 1);
    expect(await letters('deliveries', 0)).toEqual([]);
  });

  it('comes back to the dead letters where nobody can tell, and is published by force', async () => {
    const channel = fresh('room');
    await api.call('publish', { channel, data: 'before' });
    await api.call('history_remove', { channel });
    await dlq('redrive', await deadLetter(channel));
    const [letter] = await letters('deliveries', 1);
    expect(letter).toMatchObject({ reason: 'stale', content: { channel } });
    await settled(channel, 0);
    await dlq('redrive', letter?.id ?? '', '--force');
    await settled(channel, 1);
    await redis.del(channelKeys(channel).idempotency(`key-${channel}`));
    await dlq('redrive', await deadLetter(channel));
    await settled(channel, 1);
  });
});

it('a request of the bus that cannot be is put aside with its reason, and again where it still cannot', async () => {
  const events = new EventBridgeClient(awsOptions(target));
  const channel = fresh('room');
  const put = (detail: object) =>
    events.send(
      new PutEventsCommand({
        Entries: [
          {
            EventBusName: `${target.environment}-holdfast`,
            Source: 'shop',
            DetailType: 'holdfast.publish',
            Detail: JSON.stringify(detail),
          },
        ],
      }),
    );
  await put({ channel: 'a b', data: 1 });
  await put({ channel });
  const seen = await letters('requests', 2);
  events.destroy();
  expect(seen.map(({ reason }) => reason)).toEqual(
    expect.arrayContaining([
      expect.stringContaining('channel: expected 1 to 255 printable'),
      'bad request: data: expected a value, got none',
    ]),
  );
  expect(seen[0]?.content).toMatchObject({ 'detail-type': 'holdfast.publish', source: 'shop' });
  await dlq('redrive', seen[0]?.id ?? '');
  expect(await letters('requests', 2)).toHaveLength(2);
});
