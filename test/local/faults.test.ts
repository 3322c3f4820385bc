import { GoneException, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { EventBridgeService } from '../../local/aws/events';
import { FaultActions } from '../../local/faults/actions';
import { FaultControlServer, type TokenSigner } from '../../local/faults/control-server';
import { Faults } from '../../local/faults/faults';
import { FaultError } from '../../local/faults/kinds';
import { QueuePoller } from '../../local/lambda/queue-poller';
import { MemoryQueue } from './fixtures/lambda/memory-queue';
import { definition, type TestHost, testHost, until } from './fixtures/lambda/test-host';
import { Client, eventually, startGateway } from './gateway-fixture';

const silent = { output: () => undefined, warn: () => undefined };

describe('dice', () => {
  it('fall the same for the same seed, and as often as the share says', () => {
    const strikes = (seed: number) => {
      const faults = new Faults(seed);
      faults.set('posts', { share: 0.25, answer: '429' });
      return Array.from({ length: 2_000 }, () => faults.post() !== undefined);
    };
    expect(strikes(7)).toEqual(strikes(7));
    expect(strikes(7)).not.toEqual(strikes(8));
    const share = strikes(7).filter(Boolean).length / 2_000;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.3);
  });

  it('strike only whom a fault is about, and nobody once it is taken back', () => {
    const faults = new Faults();
    faults.set('invocations', { function: 'echo', throttle: true });
    expect(faults.invocation('local-holdfast-service-echo')).toBe('throttle');
    expect(faults.invocation('local-holdfast-courier')).toBeUndefined();
    faults.clear('invocations');
    expect(faults.invocation('local-holdfast-service-echo')).toBeUndefined();
  });
});

it.each([
  ['posts', { share: 2 }, 'posts.share: expected a number from 0 to 1, got 2'],
  ['posts', { answer: '404' }, 'posts.answer: expected ok, 410, 429, 500 or hang, got "404"'],
  ['pool', {}, 'pool.most: expected a value, got undefined'],
  ['events', { copies: 0 }, 'events.copies: expected a whole number from 1 to 10, got 0'],
  ['starts', { wait: 1 }, 'starts.wait: expected nothing of that name, got "wait"'],
] as const)('refuses %s %j', (kind, input, message) => {
  const refused = () => new Faults().set(kind, input as never);
  expect(refused).toThrow(FaultError);
  expect(refused).toThrow(message);
});

describe('functions', () => {
  const faults = new Faults();
  let fixture: TestHost;
  const invoke = (name: string, event: unknown = {}) =>
    fixture.host.invoke(name, JSON.stringify(event), 'RequestResponse');
  beforeEach(() => {
    fixture = testHost({ faults });
  });
  afterEach(() => {
    faults.clear();
    return fixture.host.close();
  });

  it('crash half-way, and the next invocation gets another process', async () => {
    fixture.host.createFunction(definition('sleepThen'));
    await invoke('sleepThen', { ms: 0 });
    faults.set('invocations', { crashWithinMs: 50 });
    const { payload, functionError } = await invoke('sleepThen', { ms: 2_000 });
    expect([functionError, JSON.parse(payload).errorType]).toEqual(['Unhandled', 'Runtime.ExitError']);
    faults.clear();
    expect((await invoke('sleepThen', { ms: 0, value: 'x' })).payload).toBe('"x"');
  });

  it('that are slow run into their timeout', async () => {
    fixture.host.createFunction(definition('echo', { timeoutSeconds: 0.2 }));
    faults.set('invocations', { delayMs: 50 });
    expect((await invoke('echo', 1)).payload).toBe('1');
    faults.set('invocations', { delayMs: 1_000 });
    expect(JSON.parse((await invoke('echo', 1)).payload).errorType).toBe('Sandbox.Timedout');
  });

  it('are throttled, by name or because the pool is used up', async () => {
    fixture.host.createFunction(definition('echo'));
    fixture.host.createFunction(definition('sleepThen'));
    faults.set('invocations', { function: 'echo', throttle: true });
    await expect(invoke('echo')).rejects.toMatchObject({ code: 'TooManyRequestsException', status: 429 });
    faults.clear();
    faults.set('pool', { most: 1 });
    const busy = invoke('sleepThen', { ms: 300, value: 1 });
    await expect(invoke('echo')).rejects.toMatchObject({ reason: 'ConcurrentInvocationLimitExceeded' });
    await busy;
    expect((await invoke('echo', 2)).payload).toBe('2');
  });

  it('start late', async () => {
    fixture.host.createFunction(definition('echo'));
    faults.set('starts', { delayMs: 400 });
    const began = Date.now();
    await invoke('echo');
    expect(Date.now() - began).toBeGreaterThanOrEqual(400);
  });

  it('that leak die of it', async () => {
    fixture.host.createFunction(definition('count', { memoryMb: 128 }));
    faults.set('invocations', { leakMb: 40 });
    const results: { functionError?: string }[] = [];
    while (results.length < 8 && results.at(-1)?.functionError === undefined)
      results.push(await invoke('count'));
    expect(results.length).toBeGreaterThan(1);
    expect(results.at(-1)?.functionError).toBe('Unhandled');
    faults.clear();
    expect(JSON.parse((await invoke('count')).payload)).toMatchObject({ invocations: 1 });
  }, 30_000);

  it('are killed at once, busy ones only where that is asked for', async () => {
    fixture.host.createFunction(definition('sleepThen'));
    const actions = new FaultActions(
      { lambda: fixture.host, redis: () => undefined, cutConnections: () => 0 },
      faults,
    );
    await invoke('sleepThen', { ms: 0 });
    expect(await actions.run('kill', { busy: true })).toBe('0 sandboxes killed');
    const running = invoke('sleepThen', { ms: 2_000 });
    expect(await actions.run('kill', { function: 'sleep', busy: true })).toBe('1 sandboxes killed');
    expect((await running).functionError).toBe('Unhandled');
  });
});

describe('connections', () => {
  const faults = new Faults();
  let fixture: Awaited<ReturnType<typeof startGateway>>;
  beforeEach(async () => {
    fixture = await startGateway({ faults });
  });
  afterEach(() => {
    faults.clear();
    return fixture.stop();
  });

  async function open() {
    const client = await Client.open(fixture.url);
    const [connection] = fixture.gateway.connections();
    const post = (Data: string) =>
      fixture.management.send(
        new PostToConnectionCommand({ ConnectionId: connection?.connectionId ?? '', Data }),
        { requestTimeout: 300 },
      );
    return { client, post };
  }

  it.each([
    ['429', { name: 'LimitExceededException' }],
    ['500', { $metadata: { httpStatusCode: 500 } }],
  ] as const)('get a post that is answered %s, or do not', async (answer, error) => {
    const { client, post } = await open();
    faults.set('posts', { answer });
    await expect(post('lost')).rejects.toMatchObject(error);
    faults.set('posts', { answer, delivered: true });
    await expect(post('delivered')).rejects.toMatchObject(error);
    faults.clear();
    await post('last');
    await eventually(() => expect(client.received).toEqual(['delivered', 'last']));
  });

  it('end where a post is answered 410', async () => {
    const { client, post } = await open();
    faults.set('posts', { answer: '410' });
    await expect(post('lost')).rejects.toBeInstanceOf(GoneException);
    expect((await client.closed).code).toBe(1006);
  });

  it('get posts late, or their senders never hear of them', async () => {
    const { client, post } = await open();
    faults.set('posts', { delayMs: 100 });
    const began = Date.now();
    await post('late');
    expect(Date.now() - began).toBeGreaterThanOrEqual(99);
    faults.set('posts', { answer: 'hang', delivered: true });
    await Promise.race([
      post('unanswered').then(() => Promise.reject(new Error('answered'))),
      eventually(() => expect(client.received).toEqual(['late', 'unanswered'])),
    ]);
  });

  it('are cut, and nobody is told where $disconnect is dropped', async () => {
    const first = await open();
    fixture.gateway.cut(() => true);
    expect((await first.client.closed).code).toBe(1006);
    await eventually(() => expect(fixture.invoker.of('disconnect')).toHaveLength(1));
    faults.set('disconnects', {});
    const second = await open();
    expect(fixture.gateway.cut(() => true)).toBe(1);
    await second.client.closed;
    await eventually(() => expect(fixture.gateway.connections()).toEqual([]));
    expect(fixture.invoker.of('disconnect')).toHaveLength(1);
  });
});

describe('events and messages', () => {
  it('of a bus come twice, and overtake each other', async () => {
    const faults = new Faults(3);
    const got: string[] = [];
    const events = new EventBridgeService({
      region: 'us-east-1',
      log: silent,
      faults,
      router: { deliver: async (_arn, payload) => void got.push(JSON.parse(payload).detail.n) },
    });
    const rule = events.putRule({ name: 'all', bus: events.createBus('b'), pattern: '{"source":["test"]}' });
    events.putTargets(rule, [{ Id: 'queue', Arn: 'arn:aws:sqs:us-east-1:000000000000:work' }]);
    faults.set('events', { copies: 2, holdMs: 60 });
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    for (const n of numbers) {
      const Detail = JSON.stringify({ n });
      events.putEvents([{ Source: 'test', DetailType: 'x', Detail, EventBusName: 'b' }]);
    }
    await events.idle();
    expect([...got].sort((a, b) => Number(a) - Number(b))).toEqual(numbers.flatMap((n) => [n, n]));
    expect(got).not.toEqual(numbers.flatMap((n) => [n, n]));
    await events.close();
  });

  it('of a queue come twice before they are deleted', async () => {
    const faults = new Faults();
    faults.set('messages', { queue: 'work', copies: 2 });
    const queue = new MemoryQueue('work');
    const got: string[] = [];
    const poller = new QueuePoller({
      queueArn: queue.arn,
      functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:worker',
      source: queue,
      log: silent,
      faults,
      invoker: {
        invoke: async (_arn, payload) => {
          got.push(...JSON.parse(payload).Records.map(({ body }: { body: string }) => body));
          return { statusCode: 200, payload: 'null' };
        },
      },
    });
    queue.send('a');
    poller.start();
    await until(() => queue.depth === 0);
    await poller.close();
    expect(got).toEqual(['a', 'a']);
  });
});

describe('the control API', () => {
  const faults = new Faults();
  const { host } = testHost();
  let server: FaultControlServer;
  let url: string;
  const call = async (method: string, path: string, body?: unknown, token = 'secret') => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return [response.status, await response.json()];
  };
  beforeAll(async () => {
    const actions = new FaultActions(
      { lambda: host, redis: () => undefined, cutConnections: () => 3 },
      faults,
    );
    for (const name of ['echo', 'count']) host.createFunction(definition(name));
    const sign: TokenSigner = async (request) => JSON.stringify(request);
    server = new FaultControlServer(faults, actions, 'secret', sign);
    url = await server.listen();
  });
  afterAll(async () => {
    await server.close();
    await host.close();
  });

  it('sets, lists and takes back', async () => {
    const posts = { share: 0.5, answer: '429', delivered: false, delayMs: 0 };
    expect(await call('PUT', '/faults/posts', { share: 0.5, answer: '429' })).toEqual([200, { posts }]);
    expect(await call('PUT', '/seed', { seed: 9 })).toEqual([200, { posts }]);
    expect(await call('GET', '/faults')).toEqual([200, { posts }]);
    expect(await call('DELETE', '/faults/posts')).toEqual([200, {}]);
    expect(await call('POST', '/actions/redeploy', { function: 'ech' })).toEqual([
      200,
      { done: '1 functions redeployed' },
    ]);
    expect(host.registry.find('echo').versions.has('1')).toBe(true);
    expect(await call('POST', '/actions/cut', { share: 1 })).toEqual([200, { done: '3 connections cut' }]);
  });

  it('signs tokens', async () => {
    const request = { user: 'alice', ttlSeconds: 60, channels: ['room:1'] };
    expect(await call('POST', '/tokens', request)).toEqual([200, { token: JSON.stringify(request) }]);
    expect(await call('POST', '/tokens', { user: 'bob' })).toEqual([200, { token: '{"user":"bob"}' }]);
  });

  it.each([
    ['POST', '/tokens', {}, 400, 'token.user: expected a value'],
    ['POST', '/tokens', { user: 'a', channels: ['a b'] }, 400, 'token.channels.0: expected channel names'],
    ['PUT', '/faults/rain', {}, 400, 'expected a fault (invocations, starts, pool, posts'],
    ['PUT', '/faults/posts', '[]', 400, 'body: expected a JSON object, got an array'],
    ['PUT', '/faults/posts', '{', 400, 'body: expected JSON'],
    ['PUT', '/seed', { seed: 'x' }, 400, 'seed: expected a whole number, got x'],
    ['POST', '/actions/redis', { action: 'eat' }, 400, 'redis.action: expected stop, start, restart'],
    ['POST', '/actions/redis', { action: 'flush' }, 400, 'expected a stack with a cache, got one without'],
    ['GET', '/else', undefined, 404, 'expected GET, PUT or DELETE of /faults'],
  ])('answers %s %s %j with %i', async (method, path, body, status, message) => {
    const [got, answer] = await call(method, path, body);
    expect([got, answer]).toEqual([status, { message: expect.stringContaining(message) }]);
  });

  it('serves nobody without its token', async () => {
    expect(await call('GET', '/faults', undefined, 'other')).toEqual([401, expect.anything()]);
  });
});
