import * as v from 'valibot';
import { defineService, RpcError } from '../../../lambdas/service-sdk';
import { CrashError, TestService } from '../../../lambdas/service-sdk/testing';

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  jest.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
});
afterEach(() => jest.restoreAllMocks());

const handler = defineService({
  name: 'desk',
  rpc: {
    open: {
      input: v.object({ room: v.string() }),
      handle: async ({ data, user, once, publish, toUser, disconnect }) => {
        const Item = { pk: `room#${data.room}`, sk: 'room', owner: user };
        const { repeated } = await once([{ Put: { Item } }], { result: data.room });
        await publish(`desk:${data.room}`, { opened: true });
        await toUser(user, { room: data.room });
        await disconnect('rival');
        return { repeated };
      },
    },
  },
  subscribe: {
    desk: {
      handle: ({ user }) => {
        if (user !== 'alice') throw new RpcError(103, 'permission denied');
        return { data: 'welcome' };
      },
    },
  },
  publish: { desk: { handle: ({ accept }) => accept() } },
  send: { handle: ({ data, publish }) => publish('desk:sent', data as string) },
  on: { occupied: { handle: ({ event, publish }) => publish(event.channel, event.generation) } },
  observe: { 'chat.send': { handle: ({ publish }) => publish('desk:seen', 1) } },
});

it('a method runs with its effects recorded, and nothing of a platform', async () => {
  const desk = new TestService(handler);
  const { replies, publications, requests, writes, failure } = await desk.rpc('open', { room: '1' });
  expect(failure).toBeUndefined();
  expect(replies).toEqual([{ id: 1, rpc: { data: { repeated: false } } }]);
  expect(publications.map(({ channel, data }) => [channel, data])).toEqual([
    ['desk:1', { opened: true }],
    ['user:#alice', { room: '1' }],
  ]);
  expect(requests).toEqual([{ request: 'holdfast.disconnect', detail: { user: 'rival' } }]);
  expect(writes).toEqual([{ Put: { Item: { pk: 'room#1', sk: 'room', owner: 'alice' } } }]);
});

it('an event may come twice: keys are the same, and guarded writes are done', async () => {
  const desk = new TestService(handler);
  const first = await desk.rpc('open', { room: '1' });
  const second = await desk.invoke(first.event);
  expect(second.replies).toEqual([{ id: 1, rpc: { data: { repeated: true } } }]);
  expect(second.writes).toEqual([]);
  expect(second.publications.map(({ idempotencyKey }) => idempotencyKey)).toEqual(
    first.publications.map(({ idempotencyKey }) => idempotencyKey),
  );
});

it('an invocation may die between two effects', async () => {
  const { event, publications } = await new TestService(handler).rpc('open', { room: '1' });
  const desk = new TestService(handler);
  const crashed = await desk.invoke(event, { crashAfter: 2 });
  expect(crashed.failure).toBeInstanceOf(CrashError);
  expect(crashed.publications).toHaveLength(1);
  const again = await desk.invoke(event);
  const keys = [...crashed.publications, ...again.publications].map(({ idempotencyKey }) => idempotencyKey);
  expect([...new Set(keys)]).toEqual(publications.map(({ idempotencyKey }) => idempotencyKey));
  expect([...crashed.writes, ...again.writes]).toHaveLength(1);
});

it('wrong input and refusals are answered as on the platform', async () => {
  const desk = new TestService(handler);
  expect((await desk.rpc('open', {})).replies).toMatchObject([{ error: { code: 107 } }]);
  expect((await desk.rpc('close')).replies).toMatchObject([{ error: { code: 104 } }]);
  expect((await desk.subscribe('desk:1', null, { user: 'bob' })).authorization).toMatchObject({
    deny: { code: 103 },
  });
  expect((await desk.subscribe('desk:1')).authorization).toMatchObject({ allow: { data: 'welcome' } });
});

it('all kinds of events can be handed over', async () => {
  const desk = new TestService(handler);
  const published = [
    await desk.publish('desk:1', { text: 'hi' }, { user: 'bob' }),
    await desk.send('hi'),
    await desk.on('occupied', { channel: 'desk:2', namespace: 'desk', generation: 4 }),
    await desk.rpc('chat.send', { room: '1' }),
  ].flatMap(({ publications }) => publications);
  expect(published.map(({ channel, data }) => [channel, data])).toEqual([
    ['desk:1', { text: 'hi' }],
    ['desk:sent', 'hi'],
    ['desk:2', 4],
    ['desk:seen', 1],
  ]);
  expect(published[0]?.info?.user).toBe('bob');
});

it('what could not be published fails there, too', async () => {
  const bad = defineService({ name: 'bad', rpc: { go: { handle: ({ publish }) => publish('a b', 1) } } });
  const { failure, publications } = await new TestService(bad).rpc('go');
  expect(failure).toMatchObject({ name: 'PublicationError' });
  expect(publications).toEqual([]);
});
