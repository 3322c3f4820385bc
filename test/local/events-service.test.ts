import {
  DescribeEventBusCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import { AwsEndpoint } from '../../local/aws/endpoint';
import { EventBridgeService, type RetryTiming } from '../../local/aws/events';
import { Identities } from '../../local/identity';
import { AwsError } from '../../local/ports';
import { DEAD, QUEUE, Targets } from './events-fixture';

const REGION = 'us-east-1';
const fast: RetryTiming = { firstDelayMs: 1, longestDelayMs: 4 };

function start(retry: RetryTiming = fast) {
  const targets = new Targets();
  const events = new EventBridgeService({ region: REGION, router: targets, log: targets, retry });
  const bus = events.createBus('test-bus');
  const rule = events.putRule({ name: 'all', bus, pattern: '{"source":["test"]}' });
  return { events, targets, rule };
}

const entry = { Source: 'test', DetailType: 'thing', Detail: '{"a":1}', EventBusName: 'test-bus' };

describe('PutEvents', () => {
  it('delivers the event in EventBridge form after it has answered', async () => {
    const { events, targets, rule } = start();
    events.putTargets(rule, [{ Id: 'queue', Arn: QUEUE }]);
    const time = new Date('2030-01-02T03:04:05.678Z');
    const { Entries } = events.putEvents([{ ...entry, Time: time, Resources: ['arn:aws:x'] }]);
    expect(targets.delivered).toEqual([]);
    await events.idle();
    expect(targets.delivered.map(({ payload }) => JSON.parse(payload))).toEqual([
      {
        version: '0',
        id: Entries.map((result) => ('EventId' in result ? result.EventId : undefined))[0],
        'detail-type': 'thing',
        source: 'test',
        account: '000000000000',
        time: '2030-01-02T03:04:05Z',
        region: REGION,
        resources: ['arn:aws:x'],
        detail: { a: 1 },
      },
    ]);
  });

  it('keeps every digit and escape of the detail', async () => {
    const { events, targets, rule } = start();
    events.putTargets(rule, [{ Id: 'queue', Arn: QUEUE }]);
    events.putEvents([{ ...entry, Detail: '{ "n" : 12345678901234567890 ,\n "s": " \\" \\u00e9 😀 " }' }]);
    await events.idle();
    expect(targets.delivered[0]?.payload).toContain(
      '"detail":{"n":12345678901234567890,"s":" \\" \\u00e9 😀 "}}',
    );
  });

  it.each([
    ['Source', { Source: '' }, 'InvalidArgument'],
    ['DetailType', { DetailType: '' }, 'InvalidArgument'],
    ['Detail', { Detail: '' }, 'InvalidArgument'],
    ['a source of AWS', { Source: 'aws.ec2' }, 'NotAuthorizedForSourceException'],
    ['detail that is no JSON', { Detail: '{' }, 'MalformedDetail'],
    ['detail that is no object', { Detail: '[1]' }, 'MalformedDetail'],
    [
      'detail that is nested too deep',
      { Detail: `${'{"a":'.repeat(1001)}1${'}'.repeat(1001)}` },
      'MalformedDetail',
    ],
  ])('fails only the entry with wrong %s', (_what, wrong, code) => {
    const { events } = start();
    const result = events.putEvents([entry, { ...entry, ...wrong }, entry]);
    expect(result.FailedEntryCount).toBe(1);
    expect(result.Entries).toEqual([
      { EventId: expect.any(String) },
      expect.objectContaining({ ErrorCode: code }),
      { EventId: expect.any(String) },
    ]);
  });

  it('refuses eleven entries, none, and more than a mebibyte as a whole', () => {
    const { events } = start();
    expect(() => events.putEvents(Array(11).fill(entry))).toThrow(/expected 1 to 10 members, got 11/);
    expect(() => events.putEvents([])).toThrow(/got 0/);
    const text = JSON.stringify({ a: 'x'.repeat(600_000) });
    expect(events.putEvents([{ ...entry, Detail: text }]).FailedEntryCount).toBe(0);
    expect(() => events.putEvents(Array(2).fill({ ...entry, Detail: text }))).toThrow(/over the limit/);
  });

  it('takes an event for a bus that does not exist, drops it and says so', async () => {
    const { events, targets } = start();
    expect(events.putEvents([{ ...entry, EventBusName: 'nowhere' }]).FailedEntryCount).toBe(0);
    await events.idle();
    expect(targets.warnings).toEqual([expect.stringContaining('nowhere')]);
  });

  it('delivers to enabled, matching rules of that bus only', async () => {
    const { events, targets } = start();
    const rules = [
      { name: 'match', bus: 'test-bus', pattern: { detail: { a: [1] } } },
      { name: 'off', bus: 'test-bus', pattern: { source: ['test'] }, state: 'DISABLED' },
      { name: 'other', bus: 'test-bus', pattern: { detail: { a: [2] } } },
      { name: 'default', pattern: { source: ['test'] } },
    ];
    for (const rule of rules)
      events.putTargets(events.putRule(rule), [{ Id: rule.name, Arn: `${QUEUE}-${rule.name}` }]);
    events.putEvents([entry]);
    await events.idle();
    expect(targets.delivered.map(({ arn }) => arn)).toEqual([`${QUEUE}-match`]);
  });

  it('keeps what an archive asks for, the newest 10,000', () => {
    const { events } = start();
    events.createArchive({
      name: 'kept',
      bus: 'test-bus',
      pattern: { detail: { keep: [true] } },
      retentionDays: 1,
    });
    for (let index = 0; index < 10_010; index += 10) {
      events.putEvents(
        Array.from({ length: 10 }, (_, at) => ({ ...entry, Detail: `{"keep":true,"n":${index + at}}` })),
      );
    }
    events.putEvents([entry]);
    const kept = events.archive('kept').events();
    expect(kept).toHaveLength(10_000);
    expect(kept[0]?.value).toMatchObject({ detail: { n: 10 } });
  });
});

describe('a target', () => {
  const payloads = async (
    target: object,
    detail: object = { name: 'a "b"', n: 5, list: [1, { x: 'y' }] },
  ) => {
    const { events, targets } = start();
    events.putTargets({ name: 'all', bus: 'test-bus' }, [{ Id: 't', Arn: QUEUE, ...target }]);
    events.putEvents([{ ...entry, Detail: JSON.stringify(detail) }]);
    await events.idle();
    return targets.delivered.map(({ payload }) => payload);
  };
  const transformer = (InputTemplate: string, InputPathsMap: Record<string, string> = {}) => ({
    InputTransformer: { InputTemplate, InputPathsMap },
  });

  it('gets a constant, or a part of the event', async () => {
    expect(await payloads({ Input: '{"a":1}' })).toEqual(['{"a":1}']);
    expect(await payloads({ InputPath: '$.detail.list[1]' })).toEqual(['{"x":"y"}']);
    expect(await payloads({ InputPath: "$['detail-type']" })).toEqual(['"thing"']);
    expect(await payloads({ InputPath: '$.detail.absent' })).toEqual(['null']);
  });

  it('gets a filled JSON template', async () => {
    const paths = { name: '$.detail.name', n: '$.detail.n', list: '$.detail.list', none: '$.detail.absent' };
    expect(
      await payloads(
        transformer('{"q": <name>, "n": <n>, "in": "n is <n>", "l": <list>, "no": "<none>"}', paths),
      ),
    ).toEqual(['{"q": "a \\"b\\"", "n": 5, "in": "n is 5", "l": [1,{"x":"y"}], "no": ""}']);
  });

  it('gets a filled text template, unescaped', async () => {
    expect(
      await payloads(transformer('"<name> has <n>"', { name: '$.detail.name', n: '$.detail.n' })),
    ).toEqual(['"a "b" has 5"']);
  });

  it('gets the predefined variables', async () => {
    const [payload] = await payloads(
      transformer(
        '{"r":"<aws.events.rule-name>","a":<aws.events.rule-arn>,"t":<aws.events.event.ingestion-time>,"e":<aws.events.event>,"j":<aws.events.event.json>}',
      ),
    );
    const got: unknown = JSON.parse(payload ?? '');
    expect(got).toMatchObject({
      r: 'all',
      a: `arn:aws:events:${REGION}:000000000000:rule/test-bus/all`,
      t: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      e: { source: 'test' },
      j: { source: 'test', detail: { n: 5 } },
    });
    expect(got).not.toHaveProperty('e.detail');
  });

  it('is not delivered a template that values made invalid JSON', async () => {
    const { events, targets, rule } = start();
    events.putTargets(rule, [
      {
        Id: 't',
        Arn: QUEUE,
        DeadLetterConfig: { Arn: DEAD },
        ...transformer('{"q": "<name>"}', { name: '$.detail.name' }),
      },
    ]);
    events.putEvents([{ ...entry, Detail: '{"name":"a \\"b\\""}' }]);
    await events.idle();
    expect(targets.delivered).toEqual([
      expect.objectContaining({
        arn: DEAD,
        attributes: expect.objectContaining({ ERROR_CODE: 'INVALID_JSON' }),
      }),
    ]);
  });

  it('gets its message group', async () => {
    const { events, targets, rule } = start();
    events.putTargets(rule, [{ Id: 't', Arn: `${QUEUE}.fifo`, SqsParameters: { MessageGroupId: 'g' } }]);
    events.putEvents([entry]);
    await events.idle();
    expect(targets.delivered).toEqual([expect.objectContaining({ messageGroupId: 'g' })]);
  });

  it.each([
    ['two inputs', { Input: '1', InputPath: '$' }, /only one of Input, InputPath/],
    ['a path that is none', { InputPath: 'detail' }, /expected a path/],
    ['an unknown variable', transformer('"<who>"'), /<who>/],
    ['a member that is not carried out', { KinesisParameters: {} }, /KinesisParameters/],
    [
      'a retry policy out of range',
      { RetryPolicy: { MaximumEventAgeInSeconds: 5 } },
      /MaximumEventAgeInSeconds/,
    ],
    ['no ARN', { Arn: 'work' }, /Arn/],
  ])('is refused with %s', (_what, wrong, message) => {
    const { events, rule } = start();
    expect(() => events.putTargets(rule, [{ Id: 't', Arn: QUEUE, ...wrong }])).toThrow(message);
  });

  it('is refused as a sixth', () => {
    const { events, rule } = start();
    const six = Array.from({ length: 6 }, (_, index) => ({ Id: `t${index}`, Arn: QUEUE }));
    expect(() => events.putTargets(rule, six)).toThrow(/6 targets, expected at most 5/);
  });
});

describe('a failed delivery', () => {
  const deadLetter = (code: string, retries: string, exhausted?: string) => ({
    actor: { service: 'events.amazonaws.com', sourceArn: expect.stringMatching(/:rule\/test-bus\/all$/) },
    arn: DEAD,
    payload: expect.stringContaining('"detail":{"a":1}'),
    attributes: {
      RULE_ARN: expect.stringContaining('rule/test-bus/all'),
      TARGET_ARN: QUEUE,
      ERROR_CODE: code,
      ERROR_MESSAGE: expect.any(String),
      RETRY_ATTEMPTS: retries,
      ...(exhausted && { EXHAUSTED_RETRY_CONDITION: exhausted }),
    },
  });
  const deliver = async (failures: Error[], RetryPolicy: object, retry = fast) => {
    const { events, targets, rule } = start(retry);
    targets.failures.set(QUEUE, failures);
    events.putTargets(rule, [
      { Id: 't', Arn: QUEUE, InputPath: '$.detail', RetryPolicy, DeadLetterConfig: { Arn: DEAD } },
    ]);
    events.putEvents([entry]);
    await events.idle();
    return targets;
  };

  it('is tried again until it succeeds', async () => {
    const targets = new Targets();
    const events = new EventBridgeService({ region: REGION, router: targets, log: targets, retry: fast });
    let failuresLeft = 3;
    const deliver = targets.deliver.bind(targets);
    targets.deliver = async (arn, payload, options) => {
      failuresLeft -= 1;
      if (failuresLeft >= 0) throw new Error('not now');
      await deliver(arn, payload, options);
    };
    events.putTargets(events.putRule({ name: 'r', pattern: '{"source":["test"]}' }), [
      { Id: 't', Arn: QUEUE },
    ]);
    events.putEvents([{ ...entry, EventBusName: 'default' }]);
    await events.idle();
    expect(targets.delivered).toHaveLength(1);
    expect(targets.warnings).toEqual([]);
  });

  it('ends in the dead letters with the whole event when its retries are used up', async () => {
    const targets = await deliver([new Error('down')], { MaximumRetryAttempts: 2 });
    expect(targets.delivered).toEqual([deadLetter('ERROR_FROM_TARGET', '2', 'MaximumRetryAttempts')]);
  });

  it('ends in the dead letters when the event is too old', async () => {
    const targets = await deliver(
      [new AwsError('ThrottlingException', 'slow down')],
      { MaximumEventAgeInSeconds: '60' },
      { scale: 0.001 },
    );
    expect(targets.delivered).toEqual([
      deadLetter('THROTTLING', expect.stringMatching(/^[1-9]\d*$/), 'MaximumEventAgeInSeconds'),
    ]);
  });

  it('is not tried again where the target does not exist', async () => {
    const targets = await deliver([new AwsError('ResourceNotFoundException', 'no such function', 404)], {});
    expect(targets.delivered).toEqual([deadLetter('NO_RESOURCE', '0')]);
  });

  it('is dropped with a warning without a dead letter queue', async () => {
    const { events, targets, rule } = start();
    targets.failures.set(QUEUE, [new Error('down')]);
    events.putTargets(rule, [{ Id: 't', Arn: QUEUE, RetryPolicy: { MaximumRetryAttempts: 0 } }]);
    events.putEvents([entry]);
    await events.idle();
    expect(targets.warnings).toEqual([expect.stringContaining('the event is dropped')]);
  });

  it('waits no longer once the service closes', async () => {
    const { events, targets, rule } = start({ firstDelayMs: 60_000 });
    targets.failures.set(QUEUE, [new Error('down')]);
    events.putTargets(rule, [{ Id: 't', Arn: QUEUE }]);
    events.putEvents([entry]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const started = Date.now();
    await events.close();
    expect(Date.now() - started).toBeLessThan(500);
    events.putEvents([entry]);
    await events.idle();
    expect(targets.delivered).toEqual([]);
  });
});

describe('the API, called by the SDK', () => {
  let endpoint: AwsEndpoint;
  let client: EventBridgeClient;
  let service: EventBridgeService;
  let targets: Targets;

  beforeAll(async () => {
    const started = start();
    service = started.events;
    targets = started.targets;
    service.putTargets(started.rule, [
      { Id: 'queue', Arn: QUEUE, RetryPolicy: { MaximumRetryAttempts: '3' } },
    ]);
    endpoint = new AwsEndpoint({ identities: new Identities(), services: { events: service } });
    const port = await endpoint.listen(0);
    client = new EventBridgeClient({
      region: REGION,
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
  });

  afterAll(async () => {
    client.destroy();
    await service.close();
    await endpoint.close();
  });

  it('puts events', async () => {
    const time = new Date('2031-05-06T07:08:09.500Z');
    const result = await client.send(
      new PutEventsCommand({
        Entries: [
          { ...entry, Time: time },
          { ...entry, Detail: 'x' },
        ],
      }),
    );
    expect(result.FailedEntryCount).toBe(1);
    expect(result.Entries?.[1]).toMatchObject({
      ErrorCode: 'MalformedDetail',
      ErrorMessage: 'Detail is malformed.',
    });
    await service.idle();
    expect(targets.delivered.map(({ payload }) => JSON.parse(payload))).toMatchObject([
      { time: '2031-05-06T07:08:09Z' },
    ]);
  });

  it('describes buses, rules and targets', async () => {
    const { EventBuses } = await client.send(new ListEventBusesCommand({}));
    expect(EventBuses?.map(({ Name }) => Name)).toEqual(['default', 'test-bus']);
    expect(await client.send(new DescribeEventBusCommand({}))).toMatchObject({
      Arn: `arn:aws:events:${REGION}:000000000000:event-bus/default`,
    });
    const { Rules } = await client.send(new ListRulesCommand({ EventBusName: 'test-bus' }));
    expect(Rules).toMatchObject([{ Name: 'all', State: 'ENABLED', EventPattern: '{"source":["test"]}' }]);
    expect(
      await client.send(new DescribeRuleCommand({ EventBusName: 'test-bus', Name: 'all' })),
    ).toMatchObject({
      Arn: `arn:aws:events:${REGION}:000000000000:rule/test-bus/all`,
    });
    const { Targets: listed } = await client.send(
      new ListTargetsByRuleCommand({ EventBusName: 'test-bus', Rule: 'all' }),
    );
    expect(listed).toEqual([{ Id: 'queue', Arn: QUEUE, RetryPolicy: { MaximumRetryAttempts: 3 } }]);
  });

  it('tests patterns', async () => {
    const Event = JSON.stringify({
      id: '1',
      account: '0',
      source: 's',
      time: 't',
      region: REGION,
      resources: [],
      'detail-type': 'd',
      detail: { a: 1 },
    });
    const test = (EventPattern: string, event = Event) =>
      client.send(new TestEventPatternCommand({ EventPattern, Event: event }));
    expect((await test('{"detail":{"a":[1]}}')).Result).toBe(true);
    expect((await test('{"detail":{"a":[2]}}')).Result).toBe(false);
    await expect(test('{"a":1}')).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
    await expect(test('{"a":[1]}', '{"a":1}')).rejects.toThrow(/lacks id, account/);
  });

  it('answers with the names of its errors', async () => {
    await expect(client.send(new DescribeEventBusCommand({ Name: 'nowhere' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Event bus nowhere does not exist.',
    });
  });
});
