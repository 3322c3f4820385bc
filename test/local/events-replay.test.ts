import {
  CancelReplayCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  EventBridgeClient,
  ListArchivesCommand,
  ListReplaysCommand,
  StartReplayCommand,
} from '@aws-sdk/client-eventbridge';
import { EventBridgeService } from '../../local/aws/events';
import { EndpointFixture, REGION } from './endpoint-fixture';
import { QUEUE, Targets } from './events-fixture';

const BUS = `arn:aws:events:${REGION}:000000000000:event-bus/bus`;
const ARCHIVE = `arn:aws:events:${REGION}:000000000000:archive/all`;
const RULE = `arn:aws:events:${REGION}:000000000000:rule/bus/everything`;
const NOON = Date.parse('2031-05-06T12:00:00Z');
const MINUTE = 60_000;

const targets = new Targets();
let events: EventBridgeService;
beforeEach(() => {
  targets.delivered.length = 0;
  events = new EventBridgeService({ region: REGION, router: targets, log: targets });
  events.createBus('bus');
  events.putRule({ name: 'everything', bus: 'bus', pattern: { source: ['shop'] } });
  events.putTargets(RULE, [{ Id: 'queue', Arn: QUEUE }]);
  events.createArchive({ name: 'all', bus: BUS, description: 'every event' });
});
afterEach(() => events.close());

function put(...times: number[]): void {
  for (const time of times) {
    events.putEvents([
      {
        Source: 'shop',
        DetailType: 'order',
        Detail: JSON.stringify({ time }),
        EventBusName: 'bus',
        Resources: ['arn:aws:x'],
        Time: new Date(time),
      },
    ]);
  }
}

interface Choice {
  readonly until?: number;
  readonly filterArns?: readonly string[];
}

function replay(name: string, { until = NOON + 60 * MINUTE, filterArns }: Choice = {}) {
  return events.replays.start({
    name,
    archiveArn: ARCHIVE,
    busArn: BUS,
    from: new Date(NOON),
    until: new Date(until),
    filterArns,
  });
}

/** What was delivered since the last look. */
async function delivered(): Promise<readonly { arn: string; event: Record<string, unknown> }[]> {
  await events.idle();
  return targets.delivered.splice(0).map(({ arn, payload }) => ({ arn, event: JSON.parse(payload) }));
}

const timesOf = (got: Awaited<ReturnType<typeof delivered>>) =>
  got.map(({ event }) => (event['detail'] as { time: number }).time);

describe('a replay (API reference, StartReplay)', () => {
  it('delivers the archived event again, with replay-name behind the region', async () => {
    put(NOON);
    const [first] = await delivered();
    replay('again');
    await events.idle();
    const [payload] = targets.delivered.map(({ payload }) => payload);
    const [second] = await delivered();
    expect(second).toEqual({ arn: QUEUE, event: { ...first?.event, 'replay-name': 'again' } });
    expect(payload).toContain(`"region":"${REGION}","replay-name":"again","resources":["arn:aws:x"]`);
  });

  it('takes the events from its start on that came before its end, by their own time', async () => {
    put(NOON - 1, NOON, NOON + MINUTE - 1, NOON + MINUTE);
    await delivered();
    replay('minute', { until: NOON + MINUTE });
    expect(timesOf(await delivered()).sort()).toEqual([NOON, NOON + MINUTE - 1]);
  });

  it('goes minute by minute whatever the order of putting, in no order within a minute', async () => {
    const minutes = [3, 0, 2, 1];
    const times = minutes.flatMap((minute) =>
      Array.from({ length: 20 }, (_, second) => NOON + minute * MINUTE + second * 1000),
    );
    put(...times);
    await delivered();
    replay('hour');
    const replayed = timesOf(await delivered());
    const minutesSeen = replayed.map((time) => Math.floor((time - NOON) / MINUTE));
    expect(minutesSeen).toEqual([...minutesSeen].sort());
    expect([...replayed].sort()).toEqual([...times].sort());
    expect(replayed).not.toEqual([...times].sort());
  });

  it('is not archived again', async () => {
    put(NOON);
    replay('first');
    await events.idle();
    expect(events.archive('all').size().events).toBe(1);
  });

  it('reaches enabled, matching rules of its own bus alone, and with FilterArns only those', async () => {
    const other = events.putRule({ name: 'other', bus: 'bus', pattern: { source: ['shop'] } });
    const originals = events.putRule({
      name: 'originals',
      bus: 'bus',
      pattern: { source: ['shop'], 'replay-name': [{ exists: false }] },
    });
    events.putRule({ name: 'elsewhere', pattern: { source: ['shop'] } });
    events.putTargets({ name: 'elsewhere' }, [{ Id: 'q', Arn: `${QUEUE}-elsewhere` }]);
    events.putTargets(other, [{ Id: 'q', Arn: `${QUEUE}-other` }]);
    events.putTargets(originals, [{ Id: 'q', Arn: `${QUEUE}-originals` }]);
    put(NOON);
    await delivered();
    replay('every');
    expect((await delivered()).map(({ arn }) => arn)).toEqual([QUEUE, `${QUEUE}-other`]);
    replay('one', { filterArns: [other, originals] });
    expect((await delivered()).map(({ arn }) => arn)).toEqual([`${QUEUE}-other`]);
  });

  it('is cancelled while it runs, and not once it is over', async () => {
    put(...Array.from({ length: 2_000 }, (_, index) => NOON + index));
    await delivered();
    const running = replay('stopped');
    expect(running.state).toBe('STARTING');
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(running.state).toBe('RUNNING');
    running.cancel();
    expect(running.state).toBe('CANCELLING');
    expect(() => running.cancel()).toThrow(/not in a valid state/);
    const got = await delivered();
    expect(got.length).toBeGreaterThan(0);
    expect(got.length).toBeLessThan(2_000);
    expect(running).toMatchObject({ state: 'CANCELLED', endedAt: expect.any(Date) });
    const done = replay('done', { until: NOON + 1 });
    await events.idle();
    expect(done).toMatchObject({ state: 'COMPLETED', lastEventTime: NOON });
    expect(() => done.cancel()).toThrow(/not in a valid state/);
  });

  it('runs beside nine others, not beside ten (quotas)', async () => {
    put(NOON);
    for (let index = 0; index < 10; index += 1) replay(`r${index}`);
    expect(() => replay('eleventh')).toThrow(/10 replays are running/);
    await events.idle();
    expect(replay('later').state).toBe('STARTING');
  });

  it('finds no event that is older than the retention', async () => {
    events.createArchive({ name: 'day', bus: BUS, retentionDays: 1 });
    put(NOON);
    expect(events.archive('day').size().events).toBe(1);
    const later = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 86_400_000 + 1);
    try {
      expect(events.archive('day').size()).toEqual({ events: 0, bytes: 0 });
      expect(events.archive('all').size().events).toBe(1);
    } finally {
      later.mockRestore();
    }
  });
});

describe('the API of archives and replays, called by the SDK', () => {
  let fixture: EndpointFixture;
  let client: EventBridgeClient;
  beforeEach(async () => {
    fixture = new EndpointFixture({ events });
    await fixture.start();
    client = new EventBridgeClient(fixture.client());
  });
  afterEach(async () => {
    client.destroy();
    await fixture.close();
  });

  const range = { EventStartTime: new Date(NOON), EventEndTime: new Date(NOON + 2 * MINUTE) };
  const start = (ReplayName: string, more: object = {}) =>
    client.send(
      new StartReplayCommand({
        ReplayName,
        EventSourceArn: ARCHIVE,
        Destination: { Arn: BUS },
        ...range,
        ...more,
      }),
    );

  it('describes an archive', async () => {
    put(NOON, NOON + 1);
    events.createArchive({ name: 'shop', bus: BUS, pattern: { source: ['shop'] }, retentionDays: 3 });
    const common = { EventSourceArn: BUS, State: 'ENABLED', CreationTime: expect.any(Date) };
    const all = { ...common, ArchiveName: 'all', EventCount: 2, RetentionDays: 0 };
    const shop = { ...common, ArchiveName: 'shop', EventCount: 0, RetentionDays: 3, SizeBytes: 0 };
    const described = await client.send(new DescribeArchiveCommand({ ArchiveName: 'all' }));
    expect(described).toMatchObject({ ...all, ArchiveArn: ARCHIVE, Description: 'every event' });
    expect(described.SizeBytes).toBeGreaterThan(200);
    expect(await client.send(new DescribeArchiveCommand({ ArchiveName: 'shop' }))).toMatchObject({
      ...shop,
      EventPattern: '{"source":["shop"]}',
    });
    const { Archives } = await client.send(new ListArchivesCommand({}));
    expect(Archives).toEqual([{ ...all, SizeBytes: described.SizeBytes }, shop]);
    expect((await client.send(new ListArchivesCommand({ NamePrefix: 'sh' }))).Archives).toEqual([shop]);
    expect((await client.send(new ListArchivesCommand({ State: 'DISABLED' }))).Archives).toEqual([]);
  });

  it('starts a replay and tells how far it is', async () => {
    put(NOON, NOON + MINUTE);
    await delivered();
    const ReplayArn = `arn:aws:events:${REGION}:000000000000:replay/r`;
    const Destination = { Arn: BUS, FilterArns: [RULE] };
    expect(await start('r', { Description: 'after the outage', Destination })).toMatchObject({
      ReplayArn,
      State: 'STARTING',
      ReplayStartTime: expect.any(Date),
    });
    expect(await delivered()).toHaveLength(2);
    const replayed = {
      ReplayName: 'r',
      EventSourceArn: ARCHIVE,
      State: 'COMPLETED',
      ...range,
      EventLastReplayedTime: new Date(NOON + MINUTE),
      ReplayStartTime: expect.any(Date),
      ReplayEndTime: expect.any(Date),
    };
    expect(await client.send(new DescribeReplayCommand({ ReplayName: 'r' }))).toMatchObject({
      ...replayed,
      ReplayArn,
      Description: 'after the outage',
      Destination,
    });
    const { Replays } = await client.send(new ListReplaysCommand({ EventSourceArn: ARCHIVE }));
    expect(Replays).toEqual([replayed]);
    await expect(client.send(new CancelReplayCommand({ ReplayName: 'r' }))).rejects.toMatchObject({
      name: 'IllegalStatusException',
    });
  });

  it('leaves out when the last event was replayed where there was none', async () => {
    await start('empty');
    await events.idle();
    const described = await client.send(new DescribeReplayCommand({ ReplayName: 'empty' }));
    expect(described).toMatchObject({ State: 'COMPLETED', Destination: { Arn: BUS } });
    expect(described.EventLastReplayedTime).toBeUndefined();
  });

  it('cancels a replay', async () => {
    put(...Array.from({ length: 9_000 }, (_, index) => NOON + index));
    await delivered();
    await start('long');
    expect(await client.send(new CancelReplayCommand({ ReplayName: 'long' }))).toMatchObject({
      ReplayArn: `arn:aws:events:${REGION}:000000000000:replay/long`,
      State: 'CANCELLING',
    });
    await events.idle();
    const { Replays } = await client.send(new ListReplaysCommand({ State: 'CANCELLED' }));
    expect(Replays?.map(({ ReplayName }) => ReplayName)).toEqual(['long']);
  });

  it('lists replays in pages', async () => {
    for (const name of ['c', 'a', 'b', 'x']) await start(`p-${name}`);
    await events.idle();
    const page = async (NextToken?: string) => {
      const result = await client.send(new ListReplaysCommand({ NamePrefix: 'p-', Limit: 3, NextToken }));
      return { names: result.Replays?.map(({ ReplayName }) => ReplayName), next: result.NextToken };
    };
    const first = await page();
    expect(first).toEqual({ names: ['p-a', 'p-b', 'p-c'], next: expect.any(String) });
    expect(await page(first.next)).toEqual({ names: ['p-x'], next: undefined });
    await expect(page('nonsense')).rejects.toThrow(/NextToken: expected one of an earlier answer/);
  });

  // Words of AWS where a capture has them: LocalStack's snapshots of test_archive_and_replay.py.
  it.each([
    [
      'an unknown archive',
      { EventSourceArn: `${ARCHIVE}x` },
      'ValidationException',
      'Parameter EventSourceArn is not valid. Reason: Archive allx does not exist.',
    ],
    ['a bus as source', { EventSourceArn: BUS }, 'ValidationException', /Must contain an archive ARN/],
    [
      'an unknown bus',
      { Destination: { Arn: `${BUS}x` } },
      'ResourceNotFoundException',
      'Event bus busx does not exist.',
    ],
    [
      'another bus',
      { Destination: { Arn: BUS.replace('/bus', '/default') } },
      'ValidationException',
      'Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.',
    ],
    [
      'an end that is its start',
      { EventEndTime: range.EventStartTime },
      'ValidationException',
      'Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
    ],
    ['a name with a space', { ReplayName: 'a b' }, 'ValidationException', /ReplayName: expected 1 to 64/],
    ['a long description', { Description: 'x'.repeat(513) }, 'ValidationException', /at most 512.*got 513/],
  ])('refuses a replay with %s', async (_what, wrong, name, message) => {
    await expect(start('r', wrong)).rejects.toMatchObject({
      name,
      message: message instanceof RegExp ? expect.stringMatching(message) : message,
    });
    expect(events.replays.list()).toEqual([]);
  });

  it('answers with the names of its errors', async () => {
    const unknown = { name: 'ResourceNotFoundException' };
    await expect(client.send(new DescribeArchiveCommand({ ArchiveName: 'no' }))).rejects.toMatchObject({
      ...unknown,
      message: 'Archive no does not exist.',
    });
    await expect(client.send(new DescribeReplayCommand({ ReplayName: 'no' }))).rejects.toMatchObject(unknown);
    await expect(client.send(new CancelReplayCommand({ ReplayName: 'no' }))).rejects.toMatchObject(unknown);
    await expect(client.send(new ListArchivesCommand({ EventSourceArn: `${BUS}x` }))).rejects.toMatchObject({
      ...unknown,
      message: 'Event bus busx does not exist.',
    });
    await expect(client.send(new ListReplaysCommand({ NamePrefix: 'a', State: 'FAILED' }))).rejects.toThrow(
      /At most one filter is allowed for ListReplays/,
    );
    await expect(client.send(new ListReplaysCommand({ State: 'DONE' as 'FAILED' }))).rejects.toThrow(
      /enum value set: \[CANCELLED, CANCELLING, COMPLETED/,
    );
    await start('twice');
    await expect(start('twice')).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
      message: 'Replay twice already exists.',
    });
  });
});
