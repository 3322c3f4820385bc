import { DEFAULT_RULES } from '../../../lambdas/contract/registry';
import { CachedRegistry, REGISTRY_TTL_MS } from '../../../lambdas/gateway/core/channels/cached-registry';

const rules = {
  ...DEFAULT_RULES,
  subscribe: 'anyone',
  publish: 'direct',
  historySize: 10,
  historyTtlSeconds: 60,
  recover: true,
  presence: false,
  flushEverySeconds: 0,
};
const entry = (service: string, more: object = {}) => ({
  name: service,
  json: JSON.stringify({ v: 1, service, methods: ['say'], namespaces: { [service]: rules }, ...more }),
});

function registryOf(fetch: () => Promise<readonly { name: string; json: string }[]>) {
  let now = 1_000_000;
  let fetches = 0;
  const lines: Readonly<Record<string, unknown>>[] = [];
  const registry = new CachedRegistry(
    () => {
      fetches++;
      return fetch();
    },
    { now: () => now, sleep: async () => undefined },
    (_level, _message, fields = {}) => {
      lines.push(fields);
    },
  );
  return {
    registry,
    lines,
    fetches: () => fetches,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

describe('CachedRegistry', () => {
  it('knows namespaces and methods of all services', async () => {
    const { registry } = registryOf(async () => [entry('echo'), entry('chat')]);
    expect(await registry.namespace('echo')).toEqual({ ...rules, owner: 'echo' });
    expect(await registry.namespace('none')).toBeUndefined();
    expect(await registry.serviceOf('chat.say')).toBe('chat');
    expect(await registry.serviceOf('chat.shout')).toBeUndefined();
    expect(await registry.serviceOf('toString')).toBeUndefined();
  });

  it('reads a registration of before there were coalesced publications', async () => {
    const { flushEverySeconds: _, ...former } = rules;
    const { registry, lines } = registryOf(async () => [entry('echo', { namespaces: { echo: former } })]);
    expect(await registry.namespace('echo')).toEqual({ ...rules, owner: 'echo' });
    expect(lines).toEqual([]);
  });

  it('reads a namespace that is limited to users and coalesces', async () => {
    const dialog = { ...rules, subscribe: 'user-limited', flushEverySeconds: 900 };
    const { registry } = registryOf(async () => [entry('chat', { namespaces: { dialog } })]);
    expect(await registry.namespace('dialog')).toEqual({ ...dialog, owner: 'chat' });
  });

  it('knows the roles of services, and whom they let publish', async () => {
    const { registry, lines } = registryOf(async () => [
      entry('echo'),
      entry('chat', { role: 'AROACHATCHATCHATCHAT', publishers: { chat: ['bots'] } }),
      entry('bad', { role: 'arn:aws:iam::1:role/x' }),
    ]);
    expect(await registry.serviceOfRole('AROACHATCHATCHATCHAT')).toBe('chat');
    expect(await registry.serviceOfRole('AROAOTHEROTHEROTHER')).toBeUndefined();
    expect(await registry.namespace('chat')).toEqual({ ...rules, owner: 'chat', publishers: ['bots'] });
    expect(await registry.namespace('bad')).toBeUndefined();
    expect(lines).toMatchObject([{ service: 'bad', reason: expect.stringContaining('role') }]);
  });

  it('knows what goes by an ordered queue', async () => {
    const ordered = { queueUrl: 'https://sqs.us-east-1.amazonaws.com/1/q.fifo', methods: ['put'] };
    const { registry } = registryOf(async () => [entry('echo'), entry('orders', { ordered })]);
    const queueOf = (service: string, kind: 'publish' | 'send' | 'subscribe') =>
      registry.queueOf({ service, kind });
    const ofCall = (method: string) => registry.queueOf({ service: 'orders', kind: 'rpc', method });
    expect(await queueOf('orders', 'publish')).toBe(ordered.queueUrl);
    expect(await queueOf('orders', 'send')).toBe(ordered.queueUrl);
    expect(await queueOf('orders', 'subscribe')).toBeUndefined();
    expect(await queueOf('echo', 'publish')).toBeUndefined();
    expect(await ofCall('orders.put')).toBe(ordered.queueUrl);
    expect(await ofCall('orders.get')).toBeUndefined();
  });

  it('knows the user channels of the gateway', async () => {
    const user = { ...rules, subscribe: 'user-limited' };
    const { registry } = registryOf(async () => [
      entry('holdfast', { methods: [], namespaces: { user, shared: user } }),
      entry('echo', { namespaces: { shared: rules } }),
    ]);
    expect(await registry.namespace('user')).toEqual(user);
    expect(await registry.namespace('shared')).toEqual(user);
  });

  it.each([
    ['no JSON', { name: 'bad', json: 'x' }, 'expected JSON'],
    ['another name', { ...entry('chat'), name: 'bad' }, 'service: expected bad, got chat'],
    ['a bad method', entry('bad', { methods: ['a.b'] }), 'methods.0: expected'],
    [
      'a bad rule',
      entry('bad', { namespaces: { bad: { ...rules, publish: 'x' } } }),
      'namespaces.bad.publish',
    ],
    [
      'a time to wait that no wake has',
      entry('bad', { namespaces: { bad: { ...rules, flushEverySeconds: 901 } } }),
      'namespaces.bad.flushEverySeconds',
    ],
    [
      'half a second to wait',
      entry('bad', { namespaces: { bad: { ...rules, flushEverySeconds: 0.5 } } }),
      'namespaces.bad.flushEverySeconds',
    ],
    [
      'the user channels of the gateway',
      entry('bad', { namespaces: { user: rules, bad: rules } }),
      'namespaces.user: expected it of holdfast only',
    ],
    ['methods of the gateway', entry('holdfast'), 'methods: expected none of holdfast'],
  ])('skips an entry with %s and says why', async (_, bad, reason) => {
    const { registry, lines } = registryOf(async () => [bad, entry('echo')]);
    expect(await registry.serviceOf('echo.say')).toBe('echo');
    expect(await registry.namespace('bad')).toBeUndefined();
    expect(lines).toEqual([{ service: bad.name, reason: expect.stringContaining(reason) }]);
  });

  it('gives a namespace to the first service by name', async () => {
    const { registry, lines } = registryOf(async () => [
      entry('b', { namespaces: { shared: { ...rules, historySize: 2 } } }),
      entry('a', { namespaces: { shared: { ...rules, historySize: 1 } } }),
    ]);
    expect((await registry.namespace('shared'))?.historySize).toBe(1);
    expect(lines).toEqual([{ namespace: 'shared (b)' }]);
  });

  it('fetches once at a time and once a minute', async () => {
    const world = registryOf(async () => [entry('echo')]);
    await Promise.all([world.registry.namespace('a'), world.registry.serviceOf('b')]);
    world.pass(REGISTRY_TTL_MS - 1);
    await world.registry.namespace('a');
    expect(world.fetches()).toBe(1);
    world.pass(1);
    await world.registry.namespace('a');
    expect(world.fetches()).toBe(2);
  });

  it('serves the former view while reads fail, and rejects where there is none', async () => {
    let failing = false;
    const world = registryOf(async () => {
      if (failing) throw new Error('away');
      return [entry('echo')];
    });
    await world.registry.refresh();
    failing = true;
    world.pass(REGISTRY_TTL_MS);
    expect(await world.registry.serviceOf('echo.say')).toBe('echo');
    expect(world.lines).toEqual([{ error: 'Error', cause: 'away' }]);
    const empty = registryOf(() => Promise.reject(new Error('away')));
    await expect(empty.registry.namespace('a')).rejects.toThrow('away');
  });
});
