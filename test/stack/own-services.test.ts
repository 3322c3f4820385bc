import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Clients, collect, eventually } from '../support/clients';
import { endStack, type LaunchedStack, launchStack } from '../support/launch-stack';
import { ProjectCopy } from '../support/project-copy';

const copy = new ProjectCopy();
let stack: LaunchedStack;
let clients: Clients;

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: copy.root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(async () => {
  run('npm', 'run', '-s', 'new:service', '--', 'poll');
  for (const name of ['orders', 'watcher', 'faulty']) {
    cpSync(join(__dirname, name), join(copy.root, 'lambdas', 'services', name), { recursive: true });
  }
  stack = await launchStack({ name: 'own-services', basePort: 4620, root: copy.root });
  clients = new Clients(stack.target);
}, 90_000);

afterAll(async () => {
  clients?.close();
  if (stack) await endStack(stack.pid, stack.target.directory);
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

it('services that look on at a call get it beside its own, and one that fails touches neither it nor the other', async () => {
  const alice = await clients.connected('alice');
  const [told, seen] = [await collect(alice, 'poll:2'), await collect(alice, 'watcher:seen')];
  const failures = () =>
    readFileSync(stack.target.logFile ?? '', 'utf8').split('faulty as it should be').length - 1;
  for (const text of ['one', 'two', 'three']) await alice.rpc('poll.tell', { room: '2', text });
  await eventually('all of it is told', () => told.length === 3);
  const ofRoom = () => seen.flatMap(({ data }) => (data.room === '2' ? [data] : []));
  await eventually('all of it is seen', () => ofRoom().length >= 3);
  await eventually('all of it has failed', () => failures() >= 3);
  expect(told.map(({ data }) => data.text)).toEqual(['one', 'two', 'three']);
  expect(ofRoom()).toEqual(Array(3).fill({ user: 'alice', room: '2' }));
}, 30_000);

describe('a service with ordered delivery', () => {
  const numbers = Array.from({ length: 50 }, (_, index) => index + 1);

  it('handles fifty publishes of a client, none of them awaited, in their order', async () => {
    const [alice, bob] = [await clients.connected('alice'), await clients.connected('bob')];
    const heard = await collect(bob, 'orders:1');
    await Promise.all(numbers.map((number) => alice.publish('orders:1', { number })));
    await eventually('all are heard', () => heard.length === numbers.length, 20_000);
    expect(heard.map(({ data }) => data)).toEqual(numbers);
  }, 60_000);

  it('handles fifty calls of a client, none of them awaited, in their order', async () => {
    const alice = await clients.connected('alice');
    const heard = await collect(alice, 'orders:calls');
    await Promise.all(numbers.map((number) => alice.rpc('orders.put', { number })));
    await eventually('all are heard', () => heard.length === numbers.length, 20_000);
    expect(heard.map(({ data }) => data)).toEqual(numbers);
  }, 60_000);
});
