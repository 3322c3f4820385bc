import { SchedulerService } from '../../local/aws/scheduler/service';
import { AwsError, type DeliverOptions } from '../../local/ports';
import { ScheduleClock } from '../../local/schedules/schedule-clock';
import { Timetable } from '../../local/schedules/timetable';
import { eventually } from './gateway-fixture';

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:janitor';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:work';
const DEAD = 'arn:aws:sqs:us-east-1:000000000000:dead';
const RoleArn = 'arn:aws:iam::000000000000:role/scheduler';
const ARN = 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/tick';

interface Delivered extends DeliverOptions {
  readonly arn: string;
  readonly payload: string;
}

let scheduler: SchedulerService;
let delivered: Delivered[];
let warnings: string[];
let failures: Error[];

beforeEach(() => {
  delivered = [];
  warnings = [];
  failures = [];
  scheduler = new SchedulerService({
    region: 'us-east-1',
    // A minute is 60 ms.
    timetable: new Timetable(new ScheduleClock(1000)),
    retry: { firstDelayMs: 1, longestDelayMs: 2 },
    log: { output: () => undefined, warn: (_source, message) => warnings.push(message) },
    router: {
      deliver: async (arn, payload, options = {}) => {
        const failure = arn === DEAD ? undefined : failures.shift();
        if (failure) throw failure;
        delivered.push({ arn, payload, ...options });
      },
    },
  });
});
afterEach(() => scheduler.close());

const TICK = { name: 'tick', expression: 'rate(1 minute)' };

/** Starts one schedule and waits for what is delivered first. */
async function firstOf(target: object): Promise<Delivered> {
  scheduler.createSchedule({ ...TICK, target: { Arn: FUNCTION, RoleArn, ...target } });
  scheduler.start();
  return eventually(() => {
    const [first] = delivered;
    if (!first) throw new Error('nothing was delivered');
    return first;
  });
}

describe('EventBridge Scheduler user guide:', () => {
  it('a schedule has an ARN with its group', () => {
    const target = { Arn: FUNCTION, RoleArn };
    expect(scheduler.createSchedule({ ...TICK, target })).toBe(ARN);
    const grouped = scheduler.createSchedule({ ...TICK, group: 'sweeps', target });
    expect(grouped).toBe(ARN.replace('/default/', '/sweeps/'));
  });

  it('a rate without start date invokes its target at once, then at its rate', async () => {
    // Its first hour would be over after 3.6 s here, which is longer than the test waits.
    const target = { Arn: QUEUE, RoleArn, Input: 'hourly' };
    scheduler.createSchedule({ name: 'hourly', expression: 'rate(1 hour)', target });
    const started = Date.now();
    await firstOf({});
    const minutes = () => delivered.filter(({ arn }) => arn === FUNCTION);
    await eventually(() => expect(minutes().length).toBeGreaterThan(2));
    expect(Date.now() - started).toBeGreaterThanOrEqual(119);
    expect(delivered.filter(({ arn }) => arn === QUEUE)).toHaveLength(1);
  });

  it('an at expression invokes its target once', async () => {
    // 60 s by the schedule's clock.
    const at = new Date(Date.now() + 60_000).toISOString().slice(0, 19);
    const target = { Arn: QUEUE, RoleArn, Input: 'now' };
    scheduler.createSchedule({ name: 'once', expression: `at(${at})`, target });
    scheduler.start();
    await eventually(() => expect(delivered).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(delivered).toEqual([
      {
        arn: QUEUE,
        payload: 'now',
        // The trust of a role may be limited to a group of schedules.
        actor: {
          service: 'scheduler.amazonaws.com',
          roleArn: expect.stringContaining(':role/'),
          sourceArn: 'arn:aws:scheduler:us-east-1:000000000000:schedule-group/default',
        },
      },
    ]);
  });

  it('a disabled schedule does not run', async () => {
    const target = { Arn: QUEUE, RoleArn };
    scheduler.createSchedule({ ...TICK, name: 'off', enabled: false, target });
    await firstOf({});
    expect(delivered.map(({ arn }) => arn)).toEqual([FUNCTION]);
  });

  it('context attributes in the input become their values', async () => {
    failures = [new AwsError('TooManyRequestsException', 'busy', 429)];
    const keys = ['schedule-arn', 'scheduled-time', 'execution-id', 'attempt-number'];
    const Input = JSON.stringify(Object.fromEntries(keys.map((key) => [key, `<aws.scheduler.${key}>`])));
    const { payload } = await firstOf({ Input });
    expect(JSON.parse(payload)).toEqual({
      'schedule-arn': ARN,
      'scheduled-time': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      'execution-id': expect.stringMatching(/^[0-9a-f]{16}$/),
      'attempt-number': '2',
    });
  });

  it('what cannot be delivered goes to the dead letters: the input, and these attributes', async () => {
    failures = [new AwsError('ResourceNotFoundException', 'no function', 404)];
    const { arn, payload, attributes } = await firstOf({
      Input: '{"sweep":1}',
      DeadLetterConfig: { Arn: DEAD },
    });
    expect({ arn, payload }).toEqual({ arn: DEAD, payload: '{"sweep":1}' });
    expect(attributes).toEqual({
      SCHEDULE_ARN: ARN,
      SCHEDULED_TIME: expect.stringMatching(/Z$/),
      EXECUTION_ID: expect.stringMatching(/^[0-9a-f]{16}$/),
      IS_PAYLOAD_TRUNCATED: 'false',
      TARGET_ARN: FUNCTION,
      ERROR_CODE: 'NO_RESOURCE',
      ERROR_MESSAGE: 'no function',
      RETRY_ATTEMPTS: '0',
    });
  });

  it('a message goes to the group of a FIFO queue', async () => {
    const target = { Arn: `${QUEUE}.fifo`, SqsParameters: { MessageGroupId: 'sweeps' } };
    expect(await firstOf(target)).toMatchObject({ arn: `${QUEUE}.fifo`, messageGroupId: 'sweeps' });
  });
});

it('a public capture of 2024: without input the target gets a notification whose detail is text', async () => {
  const { payload } = await firstOf({});
  expect(JSON.parse(payload)).toEqual({
    version: '0',
    id: expect.any(String),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: '000000000000',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    region: 'us-east-1',
    resources: [ARN],
    detail: '{}',
  });
});

describe('a schedule is refused, not skipped,', () => {
  const target = { Arn: FUNCTION, RoleArn };
  it.each([
    ['with an invalid expression', { expression: 'rate(1 minutes)' }, /ScheduleExpression is not valid/],
    [
      'with another target',
      { target: { ...target, Arn: 'arn:aws:ecs:::x' } },
      /Target.Arn: expected the ARN/,
    ],
    [
      'with a universal target',
      { target: { ...target, Arn: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage' } },
      /Target.Arn: expected the ARN of a function or a queue/,
    ],
    ['without a role', { target: { Arn: FUNCTION } }, /Target.RoleArn/],
    ['with parameters of ECS', { target: { ...target, EcsParameters: {} } }, /Target.EcsParameters/],
    [
      'with 186 retries',
      { target: { ...target, RetryPolicy: { MaximumRetryAttempts: 186 } } },
      /RetryPolicy/,
    ],
    ['with text for a function', { target: { ...target, Input: 'now' } }, /Target.Input: expected JSON text/],
  ])('%s', (_what, changes, message) => {
    expect(() => scheduler.createSchedule({ ...TICK, target, ...changes })).toThrow(message);
  });

  it('when its name is taken', () => {
    scheduler.createSchedule({ ...TICK, target });
    expect(() => scheduler.createSchedule({ ...TICK, target })).toThrow(
      expect.objectContaining({ code: 'ConflictException' }),
    );
  });
});

it('tells the developer of a schedule that never runs', () => {
  const expression = 'at(2020-01-01T00:00:00)';
  scheduler.createSchedule({ name: 'past', expression, target: { Arn: QUEUE, RoleArn } });
  scheduler.start();
  expect(warnings).toEqual([`schedule past never runs: ${expression} has no time to come`]);
});
