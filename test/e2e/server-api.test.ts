import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { Centrifuge } from 'centrifuge';
import * as v from 'valibot';
import { RequestSigner, sha256 } from '../../lambdas/contract/request-signature';
import { isMethod } from '../../lambdas/gateway/core/server-api/requests';
import { RESULTS } from '../../lambdas/gateway/core/server-api/results';
import { ApiClient } from '../support/api-client';
import { Clients, collect, eventually } from '../support/clients';
import { awsOptions, readTarget, tokenFor } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
const api = new ApiClient(target);
afterEach(() => clients.close());

const run = `${Date.now().toString(36)}${process.pid}`;
let count = 0;
const fresh = (name: string) => `room:${name}-${run}-${++count}`;
const freshUser = (name: string) => `${name}-${run}-${++count}`;

/** The result of a call that is expected to have one. */
async function resultOf(method: string, body: unknown) {
  const { status, body: answer } = await api.call(method, body);
  expect({ status, error: answer.error }).toEqual({ status: 200, error: undefined });
  // As docs/openapi.json has it.
  if (isMethod(method)) v.parse(RESULTS[method], answer.result);
  return answer.result ?? {};
}

/** The error of a call that was understood, and refused. */
async function errorOf(method: string, body: unknown) {
  const { status, body: answer } = await api.call(method, body);
  expect({ status, result: answer.result }).toEqual({ status: 200, result: undefined });
  return answer.error;
}

/** Server-side subscriptions as the SDK tells of them. */
function serverSide(client: Centrifuge) {
  const seen: string[] = [];
  client.on('subscribed', ({ channel, data }) => seen.push(`+${channel} ${JSON.stringify(data)}`));
  client.on('unsubscribed', ({ channel }) => seen.push(`-${channel}`));
  client.on('publication', ({ channel, data }) => seen.push(`${channel} ${JSON.stringify(data)}`));
  return seen;
}

describe('publish', () => {
  it('answers offset and epoch of what history and subscribers have then', async () => {
    const channel = fresh('publish');
    const seen = await collect(await clients.connected('alice'), channel);
    const first = await resultOf('publish', { channel, data: { text: 'hello' } });
    const second = await resultOf('publish', { channel, data: null });
    expect(first).toEqual({ offset: 1, epoch: expect.any(String) });
    expect(second).toEqual({ ...first, offset: 2 });
    expect(await resultOf('history', { channel, limit: 10 })).toEqual({
      publications: [
        { offset: 1, data: { text: 'hello' } },
        { offset: 2, data: null },
      ],
      offset: 2,
      epoch: first['epoch'],
    });
    await eventually('both publications', () => seen.length === 2);
    expect(seen.map(({ data }) => data)).toEqual([{ text: 'hello' }, null]);
  });

  it('makes one publication of repeats of an idempotency key, and answers the same', async () => {
    const request = { channel: fresh('key'), data: 1, idempotency_key: 'order-1' };
    const first = await resultOf('publish', request);
    expect(await resultOf('publish', { ...request, data: 2 })).toEqual(first);
    expect(await resultOf('publish', { ...request, idempotency_key: 'order-2' })).toMatchObject({
      offset: 2,
    });
  });

  it('drops a state that is not newer, and answers the position', async () => {
    const channel = fresh('version');
    await resultOf('publish', { channel, data: 'new', version: 5, version_epoch: 'a' });
    expect(await resultOf('publish', { channel, data: 'old', version: 4, version_epoch: 'a' })).toMatchObject(
      { offset: 1 },
    );
    expect(
      await resultOf('publish', { channel, data: 'other', version: 1, version_epoch: 'b' }),
    ).toMatchObject({ offset: 2 });
  });

  it('is taken as curl sends it, which calls JSON a form', async () => {
    const answer = await api.send('publish', `{"channel": "${fresh('curl')}", "data": {"value": "ü"}}`, {
      'x-api-key': await api.key(),
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(answer).toMatchObject({ status: 200, body: { result: { offset: 1 } } });
  });

  it.each([
    ['an unknown namespace', { channel: 'unknown:chat', data: {} }, 102],
    ['no channel', { data: {} }, 107],
    ['no data', { channel: 'room:1' }, 107],
    ['a channel name that is none', { channel: 'room:a b', data: {} }, 107],
    ['too much data', { channel: 'room:1', data: 'x'.repeat(121 * 1024) }, 107],
    ['skip_history', { channel: 'room:1', data: {}, skip_history: true }, 108],
    ['tags', { channel: 'room:1', data: {}, tags: { a: 'b' } }, 108],
    ['binary data', { channel: 'room:1', data: {}, b64data: 'AAAA' }, 108],
  ])('refuses %s', async (_, request, code) => {
    expect(await errorOf('publish', request)).toEqual({
      code,
      message: expect.stringMatching(/expected .*, got /),
    });
  });

  it('ignores what Centrifugo libraries send without meaning it', async () => {
    const request = {
      channel: fresh('zero'),
      data: 1,
      skip_history: false,
      tags: {},
      b64data: '',
      delta: true,
    };
    expect(await resultOf('publish', { ...request, idempotency_key: '', version: 0 })).toMatchObject({
      offset: 1,
    });
  });
});

it('broadcast publishes into each channel and answers for each', async () => {
  const [one, two] = [fresh('broadcast'), fresh('broadcast')];
  const request = { channels: [one, 'unknown:a', two], data: { n: 1 }, idempotency_key: 'b' };
  const { responses } = await resultOf('broadcast', request);
  expect(responses).toEqual([
    { result: { offset: 1, epoch: expect.any(String) } },
    { error: { code: 102, message: expect.any(String) } },
    { result: { offset: 1, epoch: expect.any(String) } },
  ]);
  expect((await resultOf('broadcast', request))['responses']).toEqual(responses);
  expect(await errorOf('broadcast', { channels: [], data: 1 })).toMatchObject({ code: 107 });
});

describe('history', () => {
  it('answers the position alone without a limit, and pages from either end', async () => {
    const channel = fresh('history');
    for (const n of [1, 2, 3]) await resultOf('publish', { channel, data: n });
    const { epoch, ...rest } = await resultOf('history', { channel });
    expect(rest).toEqual({ publications: [], offset: 3 });
    const page = await resultOf('history', { channel, limit: 1, since: { offset: 1, epoch } });
    expect(page['publications']).toEqual([{ offset: 2, data: 2 }]);
    const last = await resultOf('history', { channel, limit: -1, reverse: true });
    expect(last['publications']).toMatchObject([{ offset: 3 }, { offset: 2 }, { offset: 1 }]);
    expect(await errorOf('history', { channel, since: { offset: 9, epoch } })).toMatchObject({ code: 112 });
    expect(await errorOf('history', { channel: 'unknown:1', limit: 1 })).toMatchObject({ code: 102 });
  });

  it('is forgotten by history_remove; the position goes on', async () => {
    const channel = fresh('remove');
    await resultOf('publish', { channel, data: 1 });
    const seen = await collect(await clients.connected('alice'), channel);
    expect(await resultOf('history_remove', { channel })).toEqual({});
    expect(await resultOf('history', { channel, limit: 10 })).toMatchObject({ publications: [], offset: 1 });
    expect(await resultOf('publish', { channel, data: 2 })).toMatchObject({ offset: 2 });
    await eventually('the next publication', () => seen.length === 1);
  });
});

describe('presence', () => {
  it('lists and counts who is in a channel', async () => {
    const channel = fresh('presence');
    const alice = await clients.connected('alice');
    await collect(alice, channel);
    const bob = await clients.connected('bob');
    await collect(bob, channel);
    await collect(await clients.connected('bob'), channel);
    expect(await resultOf('presence_stats', { channel })).toEqual({ num_clients: 3, num_users: 2 });
    const { presence } = await resultOf('presence', { channel });
    expect(Object.values(Object(presence))).toHaveLength(3);
    expect(presence).toMatchObject({ [await idOf(alice)]: { client: await idOf(alice), user: 'alice' } });
  });

  it('is refused where the namespace has none', async () => {
    for (const method of ['presence', 'presence_stats']) {
      expect(await errorOf(method, { channel: 'user:#alice' })).toMatchObject({ code: 108 });
      expect(await errorOf(method, { channel: 'unknown:1' })).toMatchObject({ code: 102 });
    }
  });
});

/** The connection's id, by which backends name it. */
async function idOf(client: Centrifuge): Promise<string> {
  const { clients: known } = await client.presence(await ownRoom(client));
  const [id = ''] = Object.keys(known);
  return id;
}

const rooms = new Map<Centrifuge, string>();
async function ownRoom(client: Centrifuge): Promise<string> {
  const channel = rooms.get(client) ?? fresh('own');
  if (!rooms.has(client)) await collect(client, channel);
  rooms.set(client, channel);
  return channel;
}

describe('subscribe and unsubscribe', () => {
  it('reach every connection of a user, who gets publications of the channel between', async () => {
    const user = freshUser('carol');
    const both = [await clients.connected(user), await clients.connected(user)];
    const seen = both.map(serverSide);
    const channel = fresh('given');
    const data = { welcome: true };
    expect(await resultOf('subscribe', { user, channel, data, info: { role: 'guest' } })).toEqual({});
    expect(await resultOf('subscribe', { user, channel })).toEqual({});
    await eventually('both subscribed', () => seen.every((events) => events.length === 1));
    await resultOf('publish', { channel, data: 1 });
    const { presence } = await resultOf('presence', { channel });
    expect(Object.values(Object(presence))).toMatchObject([
      { user, chan_info: { role: 'guest' } },
      { user, chan_info: { role: 'guest' } },
    ]);
    await eventually('the publication', () => seen.every((events) => events.length === 2));
    expect(await resultOf('unsubscribe', { user, channel })).toEqual({});
    await eventually('both unsubscribed', () => seen.every((events) => events.length === 3));
    await resultOf('publish', { channel, data: 2 });
    expect(await resultOf('presence_stats', { channel })).toEqual({ num_clients: 0, num_users: 0 });
    for (const events of seen) {
      expect(events).toEqual([`+${channel} {"welcome":true}`, `${channel} 1`, `-${channel}`]);
    }
  });

  it('end a subscription that the client made, for good', async () => {
    const user = freshUser('dave');
    const channel = fresh('own');
    const dave = await clients.connected(user);
    await collect(dave, channel);
    const subscription = dave.getSubscription(channel);
    expect(await resultOf('unsubscribe', { user, channel })).toEqual({});
    await eventually('the end', () => subscription?.state === 'unsubscribed');
  });

  it('reach one connection where it is named, and none that is not the user’s', async () => {
    const user = freshUser('erin');
    const [one, other] = [await clients.connected(user), await clients.connected(user)];
    const seen = [serverSide(one), serverSide(other)];
    const channel = fresh('named');
    await resultOf('subscribe', { user, channel, client: await idOf(one) });
    await eventually(
      'one subscribed',
      () => seen[0]?.some((event) => event.startsWith(`+${channel}`)) === true,
    );
    await resultOf('subscribe', { user: freshUser('stranger'), channel, client: await idOf(other) });
    expect(await resultOf('presence_stats', { channel })).toMatchObject({ num_clients: 1 });
  });

  it('refuse an unknown namespace and what is not available', async () => {
    expect(await errorOf('subscribe', { user: 'a', channel: 'unknown:1' })).toMatchObject({ code: 102 });
    const override = { user: 'a', channel: 'room:1', override: { presence: { value: true } } };
    expect(await errorOf('subscribe', override)).toMatchObject({ code: 108 });
    expect(await errorOf('unsubscribe', { channel: 'room:1' })).toMatchObject({ code: 107 });
    expect(await errorOf('unsubscribe', { user: 'a', channel: 'room:1', session: 's' })).toMatchObject({
      code: 108,
    });
  });
});

describe('disconnect', () => {
  it('ends all connections of a user but those of the whitelist, for good', async () => {
    const user = freshUser('frank');
    const [one, other] = [await clients.connected(user), await clients.connected(user)];
    const codes: number[] = [];
    for (const client of [one, other]) client.on('disconnected', ({ code }) => codes.push(code));
    expect(await resultOf('disconnect', { user, whitelist: [await idOf(other)] })).toEqual({});
    await eventually('one end', () => codes.length === 1);
    expect([codes, other.state]).toEqual([[3503], 'connected']);
    await resultOf('disconnect', {
      user,
      client: await idOf(other),
      disconnect: { code: 4501, reason: 'banned' },
    });
    await eventually('the other end', () => codes.length === 2);
    expect(codes).toEqual([3503, 4501]);
  });

  it('makes clients come back where the code says so', async () => {
    const user = freshUser('grace');
    const client = await clients.connected(user);
    const states: string[] = [];
    client.on('state', ({ newState }) => states.push(newState));
    await resultOf('disconnect', { user, disconnect: { code: 3000, reason: 'come again' } });
    await eventually('a new connection', () => states.join() === 'connecting,connected');
  });

  it('refuses a code that clients would not know what to do about', async () => {
    const request = { user: 'a', disconnect: { code: 1000, reason: '' } };
    expect(await errorOf('disconnect', request)).toMatchObject({ code: 107 });
  });
});

it('revoke ends connections with older tokens and keeps such tokens out', async () => {
  const user = freshUser('heidi');
  const token = await tokenFor(target, user);
  const client = await clients.connected(user);
  const codes: number[] = [];
  client.on('disconnected', ({ code }) => codes.push(code));
  const soon = Math.floor(Date.now() / 1000) + 1;
  expect(await resultOf('revoke', { user, issued_before: soon })).toEqual({});
  await eventually('the end', () => codes.length === 1);
  expect(codes).toEqual([3500]);
  const socket = await clients.raw();
  socket.send({ id: 1, connect: { token } });
  expect(await socket.next()).toMatchObject({ push: { disconnect: { code: 3500 } } });
});

describe('reply', () => {
  it('answers an rpc in the place of a service', async () => {
    const channel = fresh('reply');
    const socket = await clients.raw(`?token=${await tokenFor(target, 'ivan')}`);
    socket.send({ id: 1, subscribe: { channel } });
    await socket.next();
    const { presence } = await resultOf('presence', { channel });
    const [client = ''] = Object.keys(Object(presence));
    await eventually('the join', () => socket.frames.length > 0);
    expect(await resultOf('reply', { client, id: 7, result: { text: 'hi' } })).toEqual({});
    expect(await resultOf('reply', { client, id: 8, error: { code: 1001, message: 'no' } })).toEqual({});
    const answers = [await socket.next(), await socket.next()];
    expect(answers).toEqual([
      { id: 7, rpc: { data: { text: 'hi' } } },
      { id: 8, error: { code: 1001, message: 'no' } },
    ]);
  });

  it('says where nobody is there, and wants one answer', async () => {
    const gone = { client: 'L0SM9cOFvHcCIhw=', id: 1, result: {} };
    expect(await errorOf('reply', gone)).toMatchObject({ code: 108 });
    expect(await errorOf('reply', { client: 'L0SM9cOFvHcCIhw=', id: 1 })).toMatchObject({ code: 107 });
  });
});

it('info tells of the environment and how many connections there are', async () => {
  await clients.connected('judy');
  const { nodes } = await resultOf('info', {});
  expect(nodes).toEqual([
    expect.objectContaining({ name: target.environment, version: expect.stringMatching(/^holdfast /) }),
  ]);
  const [{ num_clients: connections }] = nodes as [{ num_clients: number }];
  expect(connections).toBeGreaterThanOrEqual(1);
});

describe('a request is refused', () => {
  const wrong = (key: string): Record<string, string> => ({ 'x-api-key': key });

  it.each([
    ['without a key', {}],
    ['with a wrong key', wrong('x'.repeat(64))],
    ['with an endless key', wrong('x'.repeat(6_000))],
    ['with the key as a bearer token', { authorization: 'Bearer x' }],
  ])('%s by 401', async (_, headers) => {
    const { status, body } = await api.send('info', '{}', headers);
    expect(status).toBe(401);
    expect(body).toEqual({ error: { code: 101, message: expect.stringMatching(/expected .*, got /) } });
  });

  it('by 404 for an unknown method, and only behind the key', async () => {
    expect(await api.call('nothing', {})).toEqual({
      status: 404,
      body: { error: { code: 104, message: expect.stringMatching(/expected publish, .*, got another$/) } },
    });
    expect((await api.send('nothing', '{}', {})).status).toBe(401);
  });

  it.each([
    ['that is no JSON', '{"channel":'],
    ['that is no object', '[]'],
    ['with a field of another type', '{"channel":5,"data":1}'],
    ['with a field that the method does not have', '{"channel":"room:1","data":1,"chanel":"room:2"}'],
  ])('by 400 for a body %s', async (_, text) => {
    const { status, body } = await api.send('publish', text, wrong(await api.key()));
    expect(status).toBe(400);
    expect(body).toEqual({ error: { code: 107, message: expect.stringMatching(/expected .*, got /) } });
  });

  it('and not where the key comes as Authorization: apikey', async () => {
    const headers = { authorization: `apikey ${await api.key()}` };
    expect((await api.send('info', '{}', headers)).status).toBe(200);
  });

  it('by 403 on the signed route where it is not signed', async () => {
    expect((await api.send('iam/info', '{}', wrong(await api.key()))).status).toBe(403);
  });
});

it('a signed request needs no key', async () => {
  const url = new URL(`${target.serverApiUrl}/iam/info`);
  const { config } = new EventBridgeClient(awsOptions(target));
  const { accessKeyId, secretAccessKey, sessionToken } = await config.credentials();
  const signer = new RequestSigner({
    service: 'execute-api',
    region: target.region,
    credentials: () => ({ accessKeyId, secretAccessKey, sessionToken }),
  });
  const list = signer.sign({
    method: 'POST',
    path: url.pathname,
    query: '',
    host: url.host,
    headers: {},
    bodyHash: sha256('{}'),
  });
  const headers = new Headers();
  for (let index = 0; index < list.length; index += 2) {
    if (list[index] !== 'host') headers.set(list[index] ?? '', list[index + 1] ?? '');
  }
  const response = await fetch(url, { method: 'POST', headers, body: '{}' });
  expect([response.status, await response.json()]).toMatchObject([200, { result: { nodes: [{}] } }]);
});

describe('the bus', () => {
  const events = new EventBridgeClient(awsOptions(target));
  afterAll(() => events.destroy());

  async function put(detailType: string, detail: unknown): Promise<void> {
    const entry = { Source: 'shop.orders', DetailType: detailType, Detail: JSON.stringify(detail) };
    const EventBusName = `${target.environment}-holdfast`;
    const { FailedEntryCount } = await events.send(
      new PutEventsCommand({ Entries: [{ EventBusName, ...entry }] }),
    );
    expect(FailedEntryCount).toBe(0);
  }

  it('publishes, also into many channels', async () => {
    const channels = [fresh('bus'), fresh('bus')];
    const seen = await Promise.all(
      channels.map(async (channel) => collect(await clients.connected('alice'), channel)),
    );
    await put('holdfast.publish', { channel: channels[0], data: { n: 1 } });
    await put('holdfast.broadcast', { channels, data: { n: 2 } });
    await eventually('all', () => seen.map(({ length }) => length).join() === '2,1');
  });

  it('ends subscriptions and connections', async () => {
    const user = freshUser('kim');
    const channel = fresh('bus');
    const kim = await clients.connected(user);
    await collect(kim, channel);
    await put('holdfast.unsubscribe', { user, channel });
    await eventually('the end', () => kim.getSubscription(channel)?.state === 'unsubscribed');
    await put('holdfast.disconnect', { user });
    await eventually('the end', () => kim.state === 'disconnected');
  });
});
