import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { type DlqOptions, DlqUsageError, NotFoundError, readDlqOptions, runDlq } from '../../scripts/dlq';

describe('the arguments of dlq', () => {
  it.each<[string[], Partial<DlqOptions>]>([
    [['list'], { command: 'list', environment: 'local', dir: '.holdfast', queue: undefined }],
    [['show', 'm1', '--env', 'dev'], { command: 'show', id: 'm1', environment: 'dev' }],
    [['redrive', 'm1', '--force'], { command: 'redrive', id: 'm1', force: true, all: false }],
    [['redrive', '--all', '--queue', 'deliveries'], { all: true, queue: 'deliveries', force: false }],
  ])('%j are read', (args, expected) => {
    expect(readDlqOptions(args)).toMatchObject(expected);
  });

  it.each([
    [[], /^expected list, show, redrive, got none$/],
    [['purge'], /got purge$/],
    [['show'], /^show: expected an id or --all, got none$/],
    [['list', 'm1'], /^list: expected no id, got m1$/],
    [['show', 'a', 'b'], /^expected one id, got 2$/],
    [['redrive', 'm1', '--all', '--queue', 'wakes'], /expected an id or --all, got m1$/],
    [['redrive', '--all'], /^--all: expected redrive and a --queue/],
    [['show', '--all', '--queue', 'wakes'], /^--all: expected redrive/],
    [['list', '--env', 'Dev!'], /^--env: expected the name of an environment/],
    [['list', '--verbose'], /--verbose/],
  ])('%j are refused', (args, message) => {
    expect(() => readDlqOptions(args)).toThrow(DlqUsageError);
    expect(() => readDlqOptions(args)).toThrow(message);
  });

  it('may ask for help', () => {
    expect(readDlqOptions(['--help'])).toBe('help');
  });
});

const NOW = Date.UTC(2026, 0, 1);
const DEAD = 'https://sqs/dead.fifo';
const LIVE = 'https://sqs/live.fifo';
const FUNCTION = 'arn:aws:lambda:r:1:function:api';

/** Queues with letters that are taken in batches, and what was done about them. */
function cloudWorld(letters: readonly object[], redriveTo = LIVE) {
  const sqs = mockClient(SQSClient);
  const ssm = mockClient(SSMClient);
  const invoked: string[] = [];
  const said: string[] = [];
  const root = '/holdfast/local/dead-letters';
  const value = JSON.stringify({ queueUrl: DEAD, redriveTo });
  ssm.on(GetParametersByPathCommand, { Path: root }).resolves({
    Parameters: [
      { Name: `${root}/deliveries`, Value: value },
      { Name: `${root}/broken`, Value: '{"queueUrl":5}' },
    ],
  });
  sqs.on(GetQueueAttributesCommand).resolves({
    Attributes: {
      ApproximateNumberOfMessages: String(letters.length),
      ApproximateNumberOfMessagesNotVisible: '0',
    },
  });
  sqs
    .on(ReceiveMessageCommand)
    .resolvesOnce({ Messages: [...letters] })
    .resolves({});
  sqs.on(SendMessageCommand).resolves({});
  const cloud = {
    sqs: new SQSClient({ region: 'r' }),
    ssm: new SSMClient({ region: 'r' }),
    invoke: async (arn: string, event: string) => void invoked.push(`${arn} ${event}`),
    close: () => undefined,
  };
  const run = async (...args: string[]) => {
    const options = readDlqOptions(args);
    if (options === 'help') throw new Error('expected options, got help');
    await runDlq(cloud, options, (line) => said.push(line), NOW);
  };
  const released = () =>
    sqs.commandCalls(ChangeMessageVisibilityCommand).map(({ args }) => args[0].input.ReceiptHandle);
  const deleted = () => sqs.commandCalls(DeleteMessageCommand).map(({ args }) => args[0].input.ReceiptHandle);
  const sent = () => sqs.commandCalls(SendMessageCommand).map(({ args }) => args[0].input);
  return { sqs, run, said, invoked, released, deleted, sent };
}

const BODY = { type: 'publication', channel: 'room:1', data: 'payload', idempotencyKey: 'k', source: 'echo' };
const letter = (id: string, more: object = {}) => ({
  MessageId: id,
  ReceiptHandle: `r-${id}`,
  Body: JSON.stringify(BODY),
  Attributes: { SentTimestamp: String(NOW - 180_000), MessageGroupId: 'g' },
  MessageAttributes: { Reason: { DataType: 'String', StringValue: 'unknown-namespace' } },
  ...more,
});

describe('list', () => {
  it('names each letter with its reason and no content, and leaves all as they were', async () => {
    const { run, said, released, deleted } = cloudWorld([letter('m1'), letter('m2')]);
    await run('list');
    expect(said).toEqual([
      'deliveries: 2',
      '  m1  3 min  unknown-namespace  type publication  channel room:1  idempotencyKey k  source echo',
      '  m2  3 min  unknown-namespace  type publication  channel room:1  idempotencyKey k  source echo',
    ]);
    expect(said.join()).not.toContain('payload');
    expect([released(), deleted()]).toEqual([['r-m1', 'r-m2'], []]);
  });

  it.each([
    [
      'a rule',
      { ERROR_CODE: { StringValue: 'NO' }, ERROR_MESSAGE: { StringValue: 'not there' } },
      'NO: not there',
    ],
    ['a function', { ErrorMessage: { StringValue: 'timed out' } }, 'timed out'],
    ['a queue', undefined, 'received ten times without success'],
  ])('knows the reason that an attribute of %s gives', async (_, MessageAttributes, reason) => {
    const { run, said } = cloudWorld([letter('m1', { MessageAttributes })]);
    await run('list', '--json');
    expect(JSON.parse(said[0] ?? '')).toMatchObject({ id: 'm1', reason });
  });

  it.each([
    [{ errorMessage: 'boom' }, 'boom'],
    [null, 'the function failed: RetriesExhausted'],
  ])(
    'knows the reason that a record of a destination gives, and shows the event in it',
    async (responsePayload, reason) => {
      const requestContext = { condition: 'RetriesExhausted', functionArn: FUNCTION };
      const Body = JSON.stringify({ requestContext, requestPayload: { source: 's' }, responsePayload });
      const { run, said } = cloudWorld([letter('m1', { Body })]);
      await run('list', '--json');
      expect(JSON.parse(said[0] ?? '')).toMatchObject({ reason, content: { source: 's' } });
    },
  );

  it('knows which queues there are', async () => {
    await expect(cloudWorld([]).run('list', '--queue', 'other')).rejects.toThrow(
      'queue: expected one of deliveries, got other',
    );
  });
});

describe('show', () => {
  it('shows a letter with its content, also where it is no JSON', async () => {
    const { run, said, released } = cloudWorld([letter('m1'), letter('m2', { Body: 'x' })]);
    await run('show', 'm2');
    expect(JSON.parse(said[0] ?? '')).toMatchObject({ id: 'm2', queue: 'deliveries', content: 'x' });
    expect(released()).toEqual(['r-m1', 'r-m2']);
  });

  it('says where there is none', async () => {
    const { run, released } = cloudWorld([letter('m1')]);
    await expect(run('show', 'm3')).rejects.toBeInstanceOf(NotFoundError);
    expect(released()).toEqual(['r-m1']);
  });
});

describe('redrive', () => {
  it.each([
    [[], 'redriven'],
    [['--force'], 'forced'],
  ])('with %j sends a letter back, marked, and takes it out', async (more, mark) => {
    const { run, sent, deleted, released } = cloudWorld([letter('m1'), letter('m2')]);
    await run('redrive', 'm1', ...more);
    expect(sent()).toEqual([
      {
        QueueUrl: LIVE,
        MessageBody: JSON.stringify(BODY),
        MessageGroupId: 'g',
        MessageDeduplicationId: `${mark}-m1`,
        MessageAttributes: { Redriven: { DataType: 'String', StringValue: mark } },
      },
    ]);
    expect([deleted(), released()]).toEqual([['r-m1'], ['r-m2']]);
  });

  it('keeps a letter that could not be sent', async () => {
    const { sqs, run, deleted, released } = cloudWorld([letter('m1'), letter('m2')]);
    sqs.on(SendMessageCommand).rejects(new Error('away'));
    await expect(run('redrive', 'm1')).rejects.toThrow('away');
    expect([deleted(), released()]).toEqual([[], ['r-m1', 'r-m2']]);
  });

  it('sends all in their order, and ends at the first that fails', async () => {
    const { sqs, run, deleted, released, sent } = cloudWorld([letter('m1'), letter('m2'), letter('m3')]);
    sqs.on(SendMessageCommand).resolvesOnce({}).rejects(new Error('away'));
    await expect(run('redrive', '--all', '--queue', 'deliveries')).rejects.toThrow('away');
    expect(sent()).toHaveLength(2);
    expect([deleted(), released()]).toEqual([['r-m1'], ['r-m2', 'r-m3']]);
  });

  it('sends no group into a queue without order', async () => {
    const { run, sent } = cloudWorld([letter('m1', { Attributes: { SentTimestamp: '0' } })]);
    await run('redrive', 'm1');
    expect(sent()[0]).not.toHaveProperty('MessageGroupId');
    expect(sent()[0]).not.toHaveProperty('MessageDeduplicationId');
  });

  it('hands an event to its function, marked as a replay', async () => {
    const { run, invoked, deleted } = cloudWorld(
      [letter('m1', { Body: '{"id":"e","detail":{}}' })],
      FUNCTION,
    );
    await run('redrive', 'm1');
    expect(invoked).toEqual([`${FUNCTION} {"id":"e","detail":{},"replay-name":"holdfast-dead-letters"}`]);
    expect(deleted()).toEqual(['r-m1']);
  });

  it.each([
    [
      'a rule’s target',
      { Body: '{"id":"e"}', MessageAttributes: { TARGET_ARN: { StringValue: `${FUNCTION}:events` } } },
    ],
    [
      'a function that failed',
      {
        Body: JSON.stringify({
          requestContext: { condition: 'RetriesExhausted', functionArn: `${FUNCTION}:events` },
          requestPayload: { id: 'e' },
          responsePayload: { errorMessage: 'boom' },
        }),
        MessageAttributes: undefined,
      },
    ],
  ])('hands an event to what it was meant for: %s', async (_, more) => {
    const { run, invoked } = cloudWorld([letter('m1', more)], FUNCTION);
    await run('redrive', 'm1');
    expect(invoked).toEqual([`${FUNCTION}:events {"id":"e","replay-name":"holdfast-dead-letters"}`]);
  });

  it('leaves what is no event', async () => {
    const { run, invoked, deleted, released } = cloudWorld([letter('m1', { Body: 'x' })], FUNCTION);
    await expect(run('redrive', 'm1')).rejects.toThrow('expected an event in JSON');
    expect([invoked, deleted(), released()]).toEqual([[], [], ['r-m1']]);
  });
});
