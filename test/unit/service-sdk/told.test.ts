import { generateKeyPairSync } from 'node:crypto';
import * as v from 'valibot';
import type { EnvelopeEvent } from '../../../lambdas/contract/envelope';
import { signEnvelope } from '../../../lambdas/contract/signature';
import { defineService, RpcError, ServiceDefinitionError } from '../../../lambdas/service-sdk';
import {
  commandOf,
  envelopeOf,
  eventOf,
  lines,
  metrics,
  posts,
  sentDeliveries,
  signingKey,
  usePlatformDouble,
} from './platform-double';

usePlatformDouble('counts');

class Broken extends Error {}
let heard: unknown[] = [];
let act = () => {};

const handler = defineService({
  name: 'counts',
  on: {
    subscribed: {
      handle: async ({ event, publish }) => {
        heard.push(event.channel);
        act();
        await publish('counts:all', { client: event.client });
      },
    },
    vacated: { handle: ({ event }) => void heard.push(event.generation) },
  },
  observe: {
    'chat.send': {
      input: v.object({ room: v.string() }),
      handle: async ({ data, user, publish }) => {
        heard.push([user, data.room]);
        act();
        await publish('counts:all', 1);
      },
    },
  },
});

beforeEach(() => {
  heard = [];
  act = () => {};
});

const common = { v: 1, kind: 'lifecycle', at: 1, channel: 'chat:1', namespace: 'chat' };
const info = { user: 'alice', client: 'abc=' };
const subscribed = {
  ...common,
  id: 'subscribed:abc=:n',
  event: 'subscribed',
  client: 'abc=',
  user: 'alice',
  info,
};

const lifecycle = (detail: object, change: object = {}, key = signingKey) => ({
  ...{ id: 'e', source: 'holdfast.gateway', 'detail-type': 'holdfast.lifecycle' },
  detail: signEnvelope(detail, key),
  ...change,
});

describe('a lifecycle event', () => {
  it('comes to its handler, whose effects have it as their root', async () => {
    await handler(lifecycle(subscribed));
    await handler(lifecycle(subscribed));
    expect(heard).toEqual(['chat:1', 'chat:1']);
    const [first, second] = sentDeliveries();
    expect(first?.delivery).toMatchObject({ source: 'counts', data: { client: 'abc=' } });
    expect(second?.deduplication).toBe(first?.deduplication);
  });

  it('may be one of a channel', async () => {
    await handler(lifecycle({ ...common, id: 'vacated:3:chat:1', event: 'vacated', generation: 3 }));
    expect(heard).toEqual([3]);
  });

  it.each<[string, EnvelopeEvent | object, string]>([
    [
      'signed by another',
      lifecycle(subscribed, {}, { kid: 'current', privateKey: generateKeyPairSync('ed25519').privateKey }),
      'signature: expected valid, got invalid',
    ],
    ['of another source', lifecycle(subscribed, { source: 'shop' }), 'event.source'],
    ['that is replayed', lifecycle(subscribed, { 'replay-name': 'r' }), 'replayed'],
    ['of another version', lifecycle({ ...subscribed, v: 2 }), 'event.detail.v'],
    ['of another name', lifecycle({ ...subscribed, event: 'left' }), 'event.detail.event'],
    ['without its client', lifecycle({ ...subscribed, client: '' }), 'event.detail.client'],
  ])('%s never runs', async (_, event, reason) => {
    await handler(event);
    expect(heard).toEqual([]);
    expect(lines).toMatchObject([{ level: 'warn', message: expect.stringContaining(reason) }]);
  });

  it('without a handler is dropped with a line', async () => {
    await handler(lifecycle({ ...subscribed, event: 'unsubscribed' }));
    expect(lines).toMatchObject([{ level: 'warn', event: 'unsubscribed' }]);
  });

  it('fails with its handler and comes again, unless it is unwanted', async () => {
    act = () => {
      throw new Broken('disk');
    };
    await expect(handler(lifecycle(subscribed))).rejects.toThrow(Broken);
    act = () => {
      throw new RpcError(1234, 'unwanted');
    };
    await handler(lifecycle(subscribed));
    expect(lines).toMatchObject([{ message: 'handler failed' }, { message: 'event dropped', code: 1234 }]);
  });
});

describe('a replay', () => {
  const replaying = defineService({
    name: 'counts',
    replays: true,
    rpc: { get: { handle: () => void heard.push('get') } },
    send: { handle: ({ replayed }) => void heard.push(['send', replayed]) },
    on: { vacated: { handle: ({ replayed }) => void heard.push(['vacated', replayed]) } },
    observe: { 'chat.send': { handle: ({ replayed }) => void heard.push(['observed', replayed]) } },
  });
  const vacated = { ...common, id: 'vacated:3:chat:1', event: 'vacated', generation: 3 };
  const replay = { 'replay-name': 'r' };

  it('runs where the service takes replays and nobody waits, and says that it is one', async () => {
    await replaying({ ...eventOf(commandOf('counts', 'send', 1)), ...replay });
    await replaying({ ...eventOf(commandOf('counts', 'send', 1)) });
    await replaying(lifecycle(vacated, replay));
    await replaying({ ...eventOf(envelopeOf('chat.send', null)), ...replay });
    expect(heard).toEqual([
      ['send', true],
      ['send', false],
      ['vacated', true],
      ['observed', true],
    ]);
  });

  it('publishes as of when its event came first, by the same key: what was published then is found', async () => {
    const telling = defineService({
      name: 'counts',
      replays: true,
      send: { handle: ({ publish }) => publish('counts:all', 1) },
      on: { vacated: { handle: ({ publish }) => publish('counts:all', 2) } },
    });
    const message = commandOf('counts', 'send', 1);
    const events = [eventOf(message), lifecycle(vacated)];
    for (const event of events) await telling(event);
    for (const event of events) await telling({ ...event, ...replay });
    const [send, told, sendAgain, toldAgain] = sentDeliveries().map(({ delivery }) => [
      delivery.idempotencyKey,
      delivery.publishedAt,
    ]);
    expect([sendAgain, toldAgain]).toEqual([
      [send?.[0], message.issuedAt],
      [told?.[0], vacated.at],
    ]);
    expect(told?.[1]).toBeGreaterThan(vacated.at);
  });

  it('of what a client waited for never runs', async () => {
    await replaying({ ...eventOf(envelopeOf('counts.get', null)), ...replay });
    expect(heard).toEqual([]);
    expect(lines).toMatchObject([{ message: expect.stringContaining('replayed event') }]);
  });
});

describe('metrics', () => {
  it('time each event that runs, and count those that fail', async () => {
    await handler(lifecycle(subscribed));
    act = () => {
      throw new Broken('disk');
    };
    await expect(handler(eventOf(envelopeOf('chat.send', { room: '1' })))).rejects.toThrow(Broken);
    await handler(lifecycle({ ...subscribed, v: 2 }));
    const of = { Environment: 'test', Service: 'counts', ServiceDuration: expect.any(Number) };
    expect(metrics).toEqual([
      expect.objectContaining({ ...of, event: 'subscribed', ServiceFailures: 0 }),
      expect.objectContaining({ ...of, method: 'chat.send', ServiceFailures: 1 }),
    ]);
    expect(metrics[0]?.['_aws']).toMatchObject({
      CloudWatchMetrics: [{ Namespace: 'Holdfast', Dimensions: [['Environment', 'Service']] }],
    });
  });
});

describe("a call of another service's method", () => {
  const call = (data: object, change: object = {}) =>
    handler(eventOf(envelopeOf('chat.send', { ...data }, change)));

  it('is seen, however late, and answered by nobody here', async () => {
    await call({ room: '1' }, { deadline: 1, issuedAt: 1 });
    expect(heard).toEqual([['alice', '1']]);
    expect(posts()).toEqual([]);
  });

  it('gives its effects other keys than those of its service', async () => {
    const envelope = envelopeOf('chat.send', { room: '1' });
    await handler(eventOf(envelope));
    const own = defineService({
      name: 'counts',
      rpc: { send: { handle: ({ publish }) => publish('counts:all', 1) } },
    });
    await own(eventOf({ ...envelope, service: 'counts', method: 'counts.send' } as typeof envelope));
    const [seen, called] = sentDeliveries().map(({ deduplication }) => deduplication);
    expect(seen).not.toBe(called);
  });

  it('that is wrong is dropped with a line, one that fails comes again', async () => {
    await call({ hall: '1' });
    expect(lines).toMatchObject([{ message: 'call dropped', code: 107 }]);
    act = () => {
      throw new Broken('disk');
    };
    await expect(call({ room: '1' })).rejects.toThrow(Broken);
  });

  it.each([
    ['that is not observed', envelopeOf('chat.edit', { room: '1' })],
    ['of another kind', { ...envelopeOf('chat.send', { room: '1' }), kind: 'publish', channel: 'chat:1' }],
  ])('%s never runs', async (_, envelope) => {
    await handler(eventOf(envelope as Parameters<typeof eventOf>[0]));
    expect(heard).toEqual([]);
    expect(lines).toMatchObject([{ message: expect.stringContaining('service: expected counts, got chat') }]);
  });

  it.each(['send', 'counts.send', 'Chat.send', 'chat.'])(
    'is named as one of another service, not %s',
    (name) => {
      expect(() => defineService({ name: 'counts', observe: { [name]: { handle: () => {} } } })).toThrow(
        ServiceDefinitionError,
      );
    },
  );
});
