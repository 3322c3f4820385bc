import { CachedRegistry } from '../../../lambdas/gateway/core/channels/cached-registry';
import { systemClock } from '../../../lambdas/gateway/core/clock';
import { Authorizations } from '../../../lambdas/gateway/core/commands/authorizations';
import type { AuthorizationTimeoutWake } from '../../../lambdas/gateway/core/ports';
import { courierWorld, idsOf, record } from './courier-world';
import { ingressWorld } from './world';

const club = { owner: 'clubs', subscribe: 'service', publish: 'service' } as const;

function clubWorld(more = {}) {
  const world = ingressWorld('connected', more);
  world.namespaces.set('club', club);
  return world;
}

describe('send', () => {
  it('goes to the service that is named for it, with an empty line on the wire', async () => {
    const world = clubWorld({ sendService: 'inbox' });
    expect(await world.serve({ send: { data: { text: 'hi' } } })).toEqual([]);
    expect(world.envelopes).toEqual([
      {
        v: 1,
        id: expect.any(String),
        seq: 1,
        kind: 'send',
        service: 'inbox',
        client: 'conn=',
        user: 'alice',
        data: { text: 'hi' },
        issuedAt: expect.any(Number),
        traceparent: expect.any(String),
      },
    ]);
  });

  it('is dropped with a line where nobody is named, or the bus is away', async () => {
    const world = clubWorld();
    await world.serve({ send: {} });
    expect(world.lines).toMatchObject([{ message: 'message without a service ignored' }]);
    const away = clubWorld({ sendService: 'inbox' });
    away.failures.set('bus', new Error('away'));
    expect(await away.serve({ send: {} }, { id: 1, ping: {} })).toEqual([{ id: 1, ping: {} }]);
  });
});

describe('a publish', () => {
  it.each(['wakes', 'bus', 'registry'] as const)(
    'and a subscribe fail for now where the %s fails',
    async (what) => {
      const world = clubWorld();
      world.failures.set(what, new Error('away'));
      const messages = await world.serve({ id: 1, subscribe: { channel: 'club:1' } });
      expect(messages).toMatchObject([{ id: 1, error: { code: 100, temporary: true } }]);
      expect(world.ran.filter((script) => script === 'hf1drop')).toHaveLength(what === 'registry' ? 0 : 1);
    },
  );

  it('has the limit of its namespace', async () => {
    const world = ingressWorld();
    world.namespaces.set('small', { publicationBytes: 100 });
    const publish = (data: string) => world.serve({ id: 1, publish: { channel: 'small:1', data } });
    expect(await publish('x'.repeat(100))).toMatchObject([
      { error: { code: 107, message: expect.stringContaining('expected at most 100 bytes') } },
    ]);
    await publish('x');
    expect(world.deliveries).toHaveLength(1);
  });
});

describe('an anonymous connection', () => {
  const nobody = () => {
    const world = ingressWorld();
    world.answers.set('hf1enter', ['connected', '', '', 'n', '0', '', '', 'plain']);
    world.namespaces.set('lobby', { anonymous: true });
    world.namespaces.set('named', { anonymous: true, subscribe: 'user-limited' });
    return world;
  };

  it('has the namespaces that are open to it', async () => {
    expect(await nobody().serve({ id: 1, subscribe: { channel: 'lobby:1' } })).toMatchObject([
      { subscribe: {} },
    ]);
  });

  it.each([
    { subscribe: { channel: 'room:1' } },
    { publish: { channel: 'room:1', data: 1 } },
    { history: { channel: 'room:1' } },
    { subscribe: { channel: 'named:#' } },
    { subscribe: { channel: 'named:1#alice' } },
  ])('and no other: %j', async (command) => {
    expect(await nobody().serve({ id: 1, ...command })).toMatchObject([{ id: 1, error: { code: 103 } }]);
  });
});

describe('the registry', () => {
  it("says which service owns a namespace; those of the gateway are nobody's", async () => {
    const entry = (name: string, namespace: string) => ({
      name,
      json: JSON.stringify({ v: 1, service: name, methods: [], namespaces: { [namespace]: {} } }),
    });
    const entries = async () => [entry('clubs', 'club'), entry('holdfast', 'room')];
    const registry = new CachedRegistry(entries, systemClock, () => undefined);
    expect((await registry.namespace('club'))?.owner).toBe('clubs');
    expect(await registry.namespace('room')).not.toHaveProperty('owner');
  });
});

describe('a courier', () => {
  const asked = {
    ...{ v: 1, type: 'authorization', client: 'c', channel: 'club:1', commandId: 1, question: 'q' },
    ...{ source: 'clubs', traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` },
  };

  it('has authorizations carried out, each', async () => {
    const { courier, decided, letters } = courierWorld();
    const allow = { ...asked, allow: { info: { a: 1 }, data: null, expiresAt: 5 } };
    const deny = { ...asked, deny: { code: 103, message: 'no' } };
    expect(await courier.handle([record(allow, 'a'), record(deny, 'b')])).toEqual([]);
    expect(decided).toEqual([allow, deny]);
    expect(letters).toEqual([]);
  });

  it.each([
    [asked, 'expected allow or deny'],
    [{ ...asked, allow: { info: { text: 'x'.repeat(1_024) } } }, 'info: expected at most 1024 bytes'],
    [{ ...asked, allow: { info: [1] } }, 'info'],
    [{ ...asked, allow: { data: 'x'.repeat(5_000) } }, 'data: expected at most 4096 bytes'],
    [{ ...asked, allow: { expiresAt: 1.5 } }, 'expiresAt'],
    [{ ...asked, deny: { code: 99, message: 'no' } }, 'code'],
    [{ ...asked, deny: { code: 103, message: '' } }, 'message'],
    [{ ...asked, channel: 'a b', allow: {} }, 'channel'],
  ])('puts aside what is none: %.120j', async (body, reason) => {
    const { courier, decided, letters, lines } = courierWorld();
    expect(await courier.handle([record(body, 'a')])).toEqual([]);
    expect(decided).toEqual([]);
    expect(letters).toHaveLength(1);
    expect(lines).toMatchObject([{ fields: { reason: expect.stringContaining(reason) } }]);
  });

  it('has a timer tried again that failed or that it does not know', async () => {
    const { courier } = courierWorld();
    const { client: connection, channel, commandId, question } = asked;
    const timer = {
      v: 1,
      type: 'authorization-timeout',
      connection,
      channel,
      commandId,
      question,
      askedAt: 1,
    };
    const records = [record(timer)];
    expect(await courier.handle(records)).toEqual(idsOf(records));
  });
});

describe('the time of a question', () => {
  it('is waited for to its end, and never longer', async () => {
    const slept: number[] = [];
    const clock = {
      now: () => 10_000,
      sleep: async (milliseconds: number) => {
        slept.push(milliseconds);
      },
    };
    const connections = { claim: async () => undefined };
    const authorizations = new Authorizations({ clock, connections } as never);
    const wake = (askedAt: number) => ({ askedAt }) as AuthorizationTimeoutWake;
    for (const askedAt of [5_900, 1_000, 99_000]) await authorizations.timeout(wake(askedAt));
    expect(slept).toEqual([400, 0, 4_500]);
  });
});
