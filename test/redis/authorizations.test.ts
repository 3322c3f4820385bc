import type { Allowance, Authorization } from '../../lambdas/contract/delivery';
import type { UnsignedSubscribeEnvelope } from '../../lambdas/contract/envelope';
import { AUTHORIZATION_MS } from '../../lambdas/gateway/core/commands/authorizations';
import { subscriptionRecord } from '../../lambdas/gateway/core/connections/subscription-record';
import { connectionKey } from '../../lambdas/gateway/core/keys';
import type { AuthorizationTimeoutWake } from '../../lambdas/gateway/core/ports';
import { operatorRedis } from '../support/redis';
import { gatewayWorld, unique } from './gateway-world';

const world = gatewayWorld();
const operator = operatorRedis();
world.namespaces.set('club', { subscribe: 'service', publish: 'service', owner: 'clubs', presence: true });
world.namespaces.set('lost', { subscribe: 'service', publish: 'service' });

afterAll(async () => {
  operator.disconnect();
  await world.scripts.disconnect();
});

const INFO = '{"name":"Al"}';

async function connected() {
  const id = unique('c');
  await world.connections.open(id, { user: 'alice', expiresAt: 0, channels: [], info: INFO });
  return id;
}

const send = (id: string, command: object) => world.ingress.handle(id, JSON.stringify({ id: 1, ...command }));
const replies = (id: string) => world.poster.messages(id);
const record = async (id: string, channel: string) =>
  subscriptionRecord(channel, (await operator.hget(connectionKey(id), `s:${channel}`)) ?? '');

/** A client that has asked to subscribe, and what is on its way for it. */
async function asking(more = {}) {
  const [id, channel] = [await connected(), unique('club:')];
  await send(id, { subscribe: { channel, ...more } });
  const envelope = world.envelopes.at(-1) as UnsignedSubscribeEnvelope;
  const timer = world.sentWakes.at(-1);
  const authorization = (decision: { allow: Allowance } | { deny: { code: number; message: string } }) => {
    const { client, commandId, question, service: source, traceparent } = envelope;
    const { channel: asked } = envelope;
    return {
      v: 1,
      type: 'authorization',
      client,
      channel: asked,
      commandId,
      question,
      source,
      traceparent,
      ...decision,
    };
  };
  const decide = (decision: Parameters<typeof authorization>[0]) =>
    world.courier.handle([world.record(authorization(decision), 'g')]);
  /** The timer, as if its time had come. */
  const expire = () =>
    world.courier.handle([
      world.record({ ...(timer?.wake as AuthorizationTimeoutWake), askedAt: Date.now() - AUTHORIZATION_MS }),
    ]);
  return { id, channel, envelope, timer, authorization, decide, expire };
}

describe('a subscribe that a service decides about', () => {
  it('is put to the owner of the namespace, behind a timer, and holds nobody up', async () => {
    const { id, channel, envelope, timer } = await asking({ data: { code: 7 } });
    expect(envelope).toMatchObject({
      kind: 'subscribe',
      service: 'clubs',
      client: id,
      user: 'alice',
      info: JSON.parse(INFO),
      channel,
      commandId: 1,
      data: { code: 7 },
      deadline: envelope.issuedAt + AUTHORIZATION_MS,
    });
    expect(timer).toEqual({
      wake: expect.objectContaining({
        type: 'authorization-timeout',
        connection: id,
        channel,
        commandId: 1,
        question: envelope.question,
        askedAt: envelope.issuedAt,
      }),
      delaySeconds: 4,
    });
    await send(id, { ping: {} });
    expect(replies(id)).toEqual([{ id: 1, ping: {} }]);
    expect(await record(id, channel)).toMatchObject({ stage: 'held', nonce: envelope.question });
  });

  it('begins with what the service gives: the reply first, then publications', async () => {
    const { id, channel, decide } = await asking();
    const expiresAt = Math.floor(Date.now() / 1000) + 60;
    await decide({ allow: { info: { role: 'host' }, data: ['welcome'], expiresAt } });
    // The client cannot renew it, so it is not told of an end.
    expect(replies(id)).toEqual([
      { id: 1, subscribe: expect.objectContaining({ positioned: true, data: ['welcome'] }) },
    ]);
    expect(replies(id)[0]).not.toHaveProperty('subscribe.expires');
    expect(await record(id, channel)).toMatchObject({
      stage: 'settled',
      traits: { serverSide: false, expiresAt, info: '{"role":"host"}' },
    });
    expect(await world.presence.members(channel)).toMatchObject({
      listed: [{ user: 'alice', client: id, conn_info: JSON.parse(INFO), chan_info: { role: 'host' } }],
    });
    await world.courier.handle([world.record(world.publication(channel, 'x', unique('k')), channel)]);
    expect(world.poster.offsets(id, channel)).toEqual([1]);
  });

  it('recovers from where the client asked for', async () => {
    const channel = unique('club:');
    const before = await world.channels.place(channel, undefined);
    await world.courier.handle([world.record(world.publication(channel, 'x', unique('k')), channel)]);
    const { id, decide } = await asking({ channel, recover: true, offset: 0, epoch: before.epoch });
    await decide({ allow: {} });
    expect(replies(id)).toMatchObject([
      { id: 1, subscribe: { recovered: true, publications: [{ offset: 1, data: 'x' }] } },
    ]);
  });

  it('is refused as the service says, and may be tried again', async () => {
    const { id, channel, decide } = await asking();
    await decide({ deny: { code: 1234, message: 'members only' } });
    expect(replies(id)).toEqual([{ id: 1, error: { code: 1234, message: 'members only' } }]);
    expect(await record(id, channel)).toBeUndefined();
    const envelopes = world.envelopes.length;
    await send(id, { subscribe: { channel } });
    expect(world.envelopes).toHaveLength(envelopes + 1);
  });

  it('is refused where the permission is over before it begins', async () => {
    const { id, decide } = await asking();
    await decide({ allow: { expiresAt: 1 } });
    expect(replies(id)).toEqual([{ id: 1, error: { code: 110, message: 'expired' } }]);
  });

  it('is answered error 100 by its timer', async () => {
    const { id, channel, expire } = await asking();
    await expire();
    expect(replies(id)).toEqual([
      { id: 1, error: { code: 100, message: 'internal server error', temporary: true } },
    ]);
    expect(await record(id, channel)).toBeUndefined();
  });

  it('has one answer, whatever comes twice or too late', async () => {
    const early = await asking();
    await early.decide({ allow: {} });
    await early.decide({ deny: { code: 103, message: 'no' } });
    await early.expire();
    expect(replies(early.id)).toHaveLength(1);
    expect(await record(early.id, early.channel)).toMatchObject({ stage: 'settled' });

    const late = await asking();
    await late.expire();
    await Promise.all([late.decide({ allow: {} }), late.expire()]);
    expect(replies(late.id)).toHaveLength(1);
    expect(await record(late.id, late.channel)).toBeUndefined();
  });

  it('has one answer where two come at the same time', async () => {
    const { id, decide, expire } = await asking();
    await Promise.all([decide({ allow: {} }), decide({ allow: {} }), expire()]);
    expect(replies(id)).toHaveLength(1);
  });

  it('that was answered for a former question does not end the next one', async () => {
    const first = await asking();
    await send(first.id, { unsubscribe: { channel: first.channel } });
    await send(first.id, { subscribe: { channel: first.channel } });
    await first.decide({ allow: {} });
    await first.expire();
    expect(replies(first.id)).toEqual([{ id: 1, unsubscribe: {} }]);
    expect(await record(first.id, first.channel)).toMatchObject({ stage: 'held' });
  });

  it('is over where the connection is', async () => {
    const { id, decide, expire } = await asking();
    await world.departures.depart(id);
    await decide({ allow: {} });
    await expire();
    expect(replies(id)).toEqual([]);
  });

  it('is decided by nobody but the owner', async () => {
    const { id, authorization } = await asking();
    const forged = { ...authorization({ allow: {} }), source: 'others' };
    await world.courier.handle([world.record(forged, 'g')]);
    expect(replies(id)).toEqual([]);
    expect(await world.connections.claim(id, forged.channel, forged.question, 'n')).toBeDefined();
  });

  it('is refused at once in a namespace that no service owns', async () => {
    const id = await connected();
    await send(id, { subscribe: { channel: 'lost:1' } });
    await send(id, { publish: { channel: 'lost:1', data: 1 } });
    expect(replies(id)).toMatchObject([{ error: { code: 103 } }, { error: { code: 103 } }]);
  });

  it('leaves nothing behind where the bus does not take it', async () => {
    const id = await connected();
    const channel = unique('club:');
    world.bus.failure = new Error('away');
    await send(id, { subscribe: { channel } });
    world.bus.failure = undefined;
    expect(replies(id)).toMatchObject([{ error: { code: 100, temporary: true } }]);
    expect(await record(id, channel)).toBeUndefined();
  });
});

describe('a publish that a service decides about', () => {
  it('goes to the owner of the namespace, from subscribers only', async () => {
    const { id, channel, decide } = await asking();
    await send(id, { publish: { channel, data: { n: 1 } } });
    expect(replies(id)).toMatchObject([{ error: { code: 103 } }]);
    await decide({ allow: { info: { role: 'host' } } });
    await send(id, { publish: { channel, data: { n: 1 } } });
    expect(world.envelopes.at(-1)).toMatchObject({
      kind: 'publish',
      service: 'clubs',
      channel,
      commandId: 1,
      data: { n: 1 },
      user: 'alice',
      info: JSON.parse(INFO),
      channelInfo: { role: 'host' },
    });
    expect(world.deliveries).toEqual([]);
  });
});

it('reads of both decisions the one that keeps out', async () => {
  const { id, authorization } = await asking();
  const both: Authorization = Object.assign(authorization({ deny: { code: 103, message: 'no' } }), {
    allow: {},
  }) as Authorization;
  await world.courier.handle([world.record(both, 'g')]);
  expect(replies(id)).toMatchObject([{ error: { code: 103 } }]);
});
