import { EventBridgeService } from '../../local/aws/events';
import { AwsError, type DeliverOptions } from '../../local/ports';
import { ScheduleClock } from '../../local/schedules/schedule-clock';
import { Timetable } from '../../local/schedules/timetable';
import { eventually } from './gateway-fixture';

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:janitor:live';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:work';
const DEAD = 'arn:aws:sqs:us-east-1:000000000000:dead';
const RULE_ARN = 'arn:aws:events:us-east-1:000000000000:rule/tick';

interface Delivered extends DeliverOptions {
  readonly arn: string;
  readonly payload: string;
}

let events: EventBridgeService;
let delivered: Delivered[];
let warnings: string[];
let failure: Error | undefined;

beforeEach(() => {
  delivered = [];
  warnings = [];
  failure = undefined;
  events = new EventBridgeService({
    region: 'us-east-1',
    // A minute is 60 ms.
    timetable: new Timetable(new ScheduleClock(1000)),
    retry: { firstDelayMs: 1, longestDelayMs: 2 },
    log: { output: () => undefined, warn: (_source, message) => warnings.push(message) },
    router: {
      deliver: async (arn, payload, options = {}) => {
        if (failure && arn !== DEAD) throw failure;
        delivered.push({ arn, payload, ...options });
      },
    },
  });
});
afterEach(() => events.close());

const TICK = { name: 'tick', schedule: 'rate(1 minute)' };

/** Starts one rule and waits for what it first delivers. */
async function firstOf(
  target: object,
  rule: Parameters<typeof events.putRule>[0] = TICK,
): Promise<Delivered> {
  events.putTargets(events.putRule(rule), [{ Id: 'one', Arn: FUNCTION, ...target }]);
  events.startSchedules();
  return eventually(() => {
    const [first] = delivered;
    if (!first) throw new Error('nothing was delivered');
    return first;
  });
}

// https://github.com/localstack/localstack tests/aws/services/events/test_events_schedule.snapshot.json, recorded on AWS.
describe('recorded on AWS (localstack, aws.validated):', () => {
  it('a scheduled event has this form, with the rule as its resource', async () => {
    const before = Date.now();
    const { arn, payload } = await firstOf({});
    const event = JSON.parse(payload);
    expect(arn).toBe(FUNCTION);
    expect(Object.keys(event)).toEqual([
      ...['version', 'id', 'detail-type', 'source', 'account', 'time', 'region', 'resources', 'detail'],
    ]);
    expect(event).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '000000000000',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: 'us-east-1',
      resources: [RULE_ARN],
      detail: {},
    });
    // The clock of functions is not scaled, so the event's time is the wall's.
    expect(Math.abs(Date.parse(event.time) - before)).toBeLessThan(3000);
  });

  it('a schedule on another bus than the default one is refused', () => {
    events.createBus('orders');
    expect(() => events.putRule({ ...TICK, bus: 'orders' })).toThrow(
      'ScheduleExpression is supported only on the default event bus.',
    );
  });

  it('an invalid schedule is a ValidationException', () => {
    expect(() => events.putRule({ name: 'tick', schedule: 'rate(0 minutes)' })).toThrow(
      expect.objectContaining({
        code: 'ValidationException',
        message: expect.stringContaining('Parameter ScheduleExpression is not valid'),
      }),
    );
  });

  it.each([
    ['DescribeRule', { Name: 'tick' }, (output: unknown) => output],
    ['ListRules', { NamePrefix: 't' }, (output: { Rules: unknown[] }) => output.Rules[0]],
  ])('%s shows the schedule and no pattern', async (operation, input, ruleOf) => {
    events.putRule(TICK);
    const { body } = await events.handle({
      method: 'POST',
      path: '/',
      headers: { 'x-amz-target': `AWSEvents.${operation}` },
      body: JSON.stringify(input),
      principal: { accessKeyId: '', secretAccessKey: '', sessionToken: '', arn: '', senderId: '' },
    });
    expect(ruleOf(JSON.parse(body))).toEqual({
      Arn: RULE_ARN,
      EventBusName: 'default',
      Name: 'tick',
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
    });
  });
});

describe('AWS user guide, target input: a scheduled rule', () => {
  it('hands on the constant input of its target', async () => {
    const { payload } = await firstOf({ Input: '{"sweep":"connections"}' });
    expect(payload).toBe('{"sweep":"connections"}');
  });

  it('fills the input template of its target', async () => {
    const InputTemplate = '{"at": <time>, "rule": <aws.events.rule-name>}';
    const { payload } = await firstOf({
      InputTransformer: { InputPathsMap: { time: '$.time' }, InputTemplate },
    });
    expect(JSON.parse(payload)).toEqual({ at: expect.stringMatching(/Z$/), rule: 'tick' });
  });

  it('sends to the group of a FIFO queue', async () => {
    const target = { Arn: `${QUEUE}.fifo`, SqsParameters: { MessageGroupId: 'sweeps' } };
    expect(await firstOf(target)).toMatchObject({ arn: `${QUEUE}.fifo`, messageGroupId: 'sweeps' });
  });
});

describe('API reference, PutRule:', () => {
  it('a rule may have a pattern and a schedule, and runs for either', async () => {
    await firstOf({}, { ...TICK, pattern: '{"source":["test"]}' });
    events.putEvents([{ Source: 'test', DetailType: 'thing', Detail: '{}' }]);
    await events.idle();
    const sources = delivered.map(({ payload }) => JSON.parse(payload).source);
    expect(new Set(sources)).toEqual(new Set(['aws.events', 'test']));
  });

  it('a rule needs one of them', () => {
    expect(() => events.putRule({ name: 'none' })).toThrow(
      'Parameter(s) EventPattern or ScheduleExpression must be specified.',
    );
  });

  it('a disabled rule does not run', async () => {
    events.putTargets(events.putRule({ ...TICK, state: 'DISABLED' }), [{ Id: 'one', Arn: QUEUE }]);
    await firstOf({}, { ...TICK, name: 'other' });
    await new Promise((resolve) => setTimeout(resolve, 70));
    expect(new Set(delivered.map(({ arn }) => arn))).toEqual(new Set([FUNCTION]));
  });

  it('a rule with a schedule alone matches no event', async () => {
    events.putTargets(events.putRule(TICK), [{ Id: 'one', Arn: QUEUE }]);
    events.putEvents([{ Source: 'test', DetailType: 'thing', Detail: '{}' }]);
    await events.idle();
    expect(delivered).toEqual([]);
  });
});

it('AWS user guide, retry policy: an event that cannot be delivered goes to the dead letters of its target', async () => {
  failure = new AwsError('TooManyRequestsException', 'busy', 429);
  const { arn, payload, attributes } = await firstOf({
    RetryPolicy: { MaximumRetryAttempts: 2 },
    DeadLetterConfig: { Arn: DEAD },
  });
  expect(arn).toBe(DEAD);
  expect(JSON.parse(payload)).toMatchObject({ source: 'aws.events', resources: [RULE_ARN] });
  expect(attributes).toEqual({
    RULE_ARN,
    TARGET_ARN: FUNCTION,
    ERROR_CODE: 'THROTTLING',
    ERROR_MESSAGE: 'busy',
    RETRY_ATTEMPTS: '2',
    EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
  });
});

it('goes on at its rate until the service ends', async () => {
  await firstOf({});
  await eventually(() => expect(delivered.length).toBeGreaterThan(3));
  await events.close();
  const { length } = delivered;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(delivered).toHaveLength(length);
});

it('tells the developer of a rule that never runs', () => {
  events.putRule({ name: 'past', schedule: 'cron(0 0 1 1 ? 2020)' });
  events.startSchedules();
  expect(warnings).toEqual(['rule past never runs: cron(0 0 1 1 ? 2020) has no time to come']);
});
