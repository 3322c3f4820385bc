import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeReplayCommand,
  EventBridgeClient,
  ListArchivesCommand,
  StartReplayCommand,
} from '@aws-sdk/client-eventbridge';
import type { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';
import { holdfastWebSocket } from '../../client/websocket';
import { type Holdfast, startHoldfast } from '../../local/kit';
import { Clients, collect, eventually } from '../support/clients';
import { filesIn } from '../support/page-files';
import { ProjectCopy } from '../support/project-copy';
import { PushProvider } from '../support/push-provider';
import { awsOptions, tokenFor } from '../support/target';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'services.md'), 'utf8');
const provider = new PushProvider();
const copy = new ProjectCopy();
let stack: Holdfast;
let clients: Clients;

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: copy.root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(async () => {
  run('npm', 'run', '-s', 'new:service', '--', 'poll');
  for (const name of ['orders', 'watcher', 'faulty', 'notes']) {
    cpSync(join(__dirname, name), join(copy.root, 'lambdas', 'services', name), { recursive: true });
  }
  await provider.start();
  for (const [file, text] of filesIn(page, 'push')) {
    mkdirSync(join(copy.root, file, '..'), { recursive: true });
    writeFileSync(join(copy.root, file), text.replace('https://push.example.com', provider.url));
  }
  stack = await startHoldfast({ project: copy.root, config: { sendService: 'orders' }, watch: true });
  clients = new Clients(stack);
}, 90_000);

afterAll(async () => {
  clients?.close();
  if (stack) await stack.stop();
  await provider.stop();
  copy.remove();
});

describe('npm run new:service -- poll', () => {
  it('makes a service whose test passes as it is, and that stands in the list', () => {
    const jest = join('node_modules', '.bin', 'jest');
    expect(() => run(jest, '--selectProjects', 'unit', '--testPathPatterns', 'poll/handler')).not.toThrow();
    const list = readFileSync(join(copy.root, 'lambdas', 'services', 'README.md'), 'utf8');
    expect(list).toMatch(/^\| \[poll\]\(poll\/handler\.ts\) \|/m);
  }, 60_000);

  it('is what the next start runs', async () => {
    const alice = await clients.connected('alice');
    const heard = await collect(alice, 'poll:1');
    expect((await alice.rpc('poll.hello', { text: 'hi' })).data).toEqual({ text: 'hi', user: 'alice' });
    expect((await alice.rpc('poll.tell', { room: '1', text: 'hi' })).data).toMatchObject({ offset: 1 });
    await eventually('the room hears it', () => heard.length === 1);
    expect(heard[0]?.data).toEqual({ text: 'hi', user: 'alice' });
  });
});

describe('a function that is saved while the stack runs', () => {
  const handler = () => join(copy.root, 'lambdas', 'services', 'poll', 'handler.ts');
  const said = () => stack.log();
  const hello = async (client: Centrifuge) => (await client.rpc('poll.hello', { text: 'hi' })).data.text;

  it('answers as it was saved within seconds, and no socket closes', async () => {
    const alice = await clients.connected('alice');
    const heard = await collect(alice, 'poll:saved');
    let closed = 0;
    alice.on('connecting', () => closed++);
    const before = readFileSync(handler(), 'utf8');
    const savedAt = Date.now();
    writeFileSync(handler(), before.replace('text: data.text', 'text: data.text.toUpperCase()'));
    const answers: unknown[] = [];
    while (answers.at(-1) !== 'HI' && Date.now() - savedAt < 10_000) answers.push(await hello(alice));
    expect(new Set(answers)).toEqual(new Set(['hi', 'HI']));
    expect(said()).toMatch(/reload {5}local-holdfast-service-poll: version 2, ready in \d+ ms/);
    await alice.rpc('poll.tell', { room: 'saved', text: 'still here' });
    await eventually('a publication', () => heard.length === 1);
    expect(closed).toBe(0);
  }, 30_000);

  it('stays as it was where what is saved is no code, and the developer is told where', async () => {
    const alice = await clients.connected('alice');
    const before = readFileSync(handler(), 'utf8');
    writeFileSync(handler(), `${before}\nconst = 1;\n`);
    await eventually('a word', () => said().includes('service-poll: the former code stays'), 10_000);
    expect(said()).toMatch(/poll\/handler\.ts:\d+:\d+: ERROR: /);
    expect(await hello(alice)).toBe('HI');
    writeFileSync(handler(), before);
  }, 30_000);
});

it('services that look on at a call get it beside its own, and one that fails touches neither it nor the other', async () => {
  const alice = await clients.connected('alice');
  const [told, seen] = [await collect(alice, 'poll:2'), await collect(alice, 'watcher:seen')];
  const failures = () => stack.log().split('faulty as it should be').length - 1;
  for (const text of ['one', 'two', 'three']) await alice.rpc('poll.tell', { room: '2', text });
  await eventually('all of it is told', () => told.length === 3);
  const ofRoom = () => seen.flatMap(({ data }) => (data.room === '2' ? [data] : []));
  await eventually('all of it is seen', () => ofRoom().length >= 3);
  await eventually('all of it has failed', () => failures() >= 3);
  expect(told.map(({ data }) => data.text)).toEqual(['one', 'two', 'three']);
  expect(ofRoom()).toEqual(Array(3).fill({ user: 'alice', room: '2' }));
}, 30_000);

// docs/operations.md, "Replays".
it('a replay makes up for what a broken release failed, and nothing of it happens twice', async () => {
  const alice = await clients.connected('alice');
  const [told, noted] = [await collect(alice, 'poll:9'), await collect(alice, 'notes:9')];
  const from = new Date();
  for (const text of ['one', 'broken two', 'three']) await alice.rpc('poll.tell', { room: '9', text });
  const texts = () => noted.map(({ data }) => data.text);
  await eventually('what was not broken is noted', () => texts().length === 2);

  const events = new EventBridgeClient(awsOptions(stack));
  const archives = await events.send(new ListArchivesCommand({ NamePrefix: 'local-holdfast' }));
  const { EventSourceArn: bus = '', ArchiveName } = archives.Archives?.[0] ?? {};
  const ReplayName = 'after-the-release';
  await events.send(
    new StartReplayCommand({
      ReplayName,
      EventSourceArn: bus.replace(/event-bus.*/, `archive/${ArchiveName}`),
      EventStartTime: from,
      EventEndTime: new Date(),
      Destination: { Arn: bus },
    }),
  );
  await eventually('what was broken is noted', () => texts().includes('broken two'));
  await sleep(1_000);
  const { State } = await events.send(new DescribeReplayCommand({ ReplayName }));
  events.destroy();
  expect(State).toBe('COMPLETED');
  expect([...texts()].sort()).toEqual(['broken two', 'one', 'three']);
  expect(noted.map(({ data }) => data.repeated)).toEqual([false, false, false]);
  expect(told.map(({ data }) => data.text)).toEqual(['one', 'broken two', 'three']);
}, 30_000);

describe('the push service of docs/services.md', () => {
  const room = async (owner: Centrifuge, member: Centrifuge) => {
    const { data } = await owner.rpc('chat.createRoom', { name: 'Tea' });
    await member.rpc('chat.join', data);
    return String(data.room);
  };

  it('pushes a mention of who is away, and none of who is there', async () => {
    const alice = await clients.connected('alice');
    const [away, there] = [await clients.connected('away'), await clients.connected('there')];
    const tea = await room(alice, away);
    await there.rpc('chat.join', { room: tea });
    away.disconnect();
    await alice.rpc('chat.send', { room: tea, text: 'hello @away and @there' });
    const told = { type: 'mention', room: tea, id: 1, by: 'alice' };
    await eventually('a push', () => provider.pushed.length > 0);
    expect(provider.pushed[0]).toEqual({
      key: encodeURIComponent(`undelivered:mention:${tea}:1:away`),
      body: { user: 'away', from: 'chat', data: told },
    });
    await sleep(2_000);
    expect(provider.pushed.filter(({ body }) => body.user !== 'away')).toEqual([]);
  }, 30_000);

  it('answers how many sockets took a notice', async () => {
    const alice = await clients.connected('alice');
    const tellBob = async () => (await alice.rpc('push.notify', { user: 'bobby', text: 'hi' })).data;
    expect(await tellBob()).toEqual({ sockets: 0 });
    const [one, two] = [await clients.connected('bobby'), await clients.connected('bobby')];
    expect(await tellBob()).toEqual({ sockets: 2 });
    one.disconnect();
    two.disconnect();
  }, 30_000);
});

describe('a service with ordered delivery', () => {
  const numbers = Array.from({ length: 50 }, (_, index) => index + 1);

  it('handles fifty publishes of a client, none of them awaited, in their order', async () => {
    const [alice, bob] = [await clients.connected('alice'), await clients.connected('bob')];
    const heard = await collect(bob, 'orders:1');
    await Promise.all(numbers.map((number) => alice.publish('orders:1', { number })));
    await eventually('all are heard', () => heard.length === numbers.length, 20_000);
    expect(heard.map(({ data }) => data)).toEqual(numbers);
  }, 60_000);

  it('handles a hundred messages and calls of a client, none of them awaited, in one order', async () => {
    const alice = clients.custom({
      token: await tokenFor(stack, 'alice'),
      websocket: holdfastWebSocket({ WebSocket }),
    });
    alice.connect();
    await alice.ready(10_000);
    const bob = await clients.connected('bob');
    const heard = await collect(bob, 'orders:calls');
    for (const round of [0, 50]) {
      const some = numbers.map((number) => round + number);
      await Promise.all(
        some.map((number) =>
          number % 5 === 0 ? alice.rpc('orders.put', { number }) : alice.send({ number }),
        ),
      );
    }
    await eventually('all are heard', () => heard.length === 100, 20_000);
    expect(heard.map(({ data }) => data)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  }, 60_000);

  it('handles the messages of one frame in their order, whoever sends them', async () => {
    const heard = await collect(await clients.connected('bob'), 'orders:calls');
    const plain = await clients.raw(`?token=${await tokenFor(stack, 'carol')}`);
    plain.send(numbers.map((number) => JSON.stringify({ send: { data: { number: -number } } })).join('\n'));
    await eventually('all are heard', () => heard.length === numbers.length, 20_000);
    expect(heard.map(({ data }) => data)).toEqual(numbers.map((number) => -number));
  }, 60_000);

  it('handles fifty calls of a client, none of them awaited, in their order', async () => {
    const alice = await clients.connected('alice');
    const heard = await collect(alice, 'orders:calls');
    await Promise.all(numbers.map((number) => alice.rpc('orders.put', { number })));
    await eventually('all are heard', () => heard.length === numbers.length, 20_000);
    expect(heard.map(({ data }) => data)).toEqual(numbers);
  }, 60_000);
});
