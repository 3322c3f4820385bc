import { GoneException, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import * as v from 'valibot';
import { AlreadyRepliedError, defineService, MAX_REPLY_BYTES, RpcError } from '../../../lambdas/service-sdk';
import { connections, envelopeOf, eventOf, lines, posts, usePlatformDouble } from './platform-double';

usePlatformDouble('probe');

class Broken extends Error {}

let secondReply: unknown;

const handler = defineService({
  name: 'probe',
  rpc: {
    value: { handle: ({ data, user, client }) => ({ data: String(data), user, client }) },
    nothing: { handle: () => undefined },
    early: {
      handle: async ({ reply }) => {
        await reply('early');
        secondReply = await reply('again').catch((error: unknown) => error);
        return 'late';
      },
    },
    typed: {
      input: v.object({ count: v.pipe(v.string(), v.transform(Number)), tags: v.array(v.string()) }),
      handle: ({ data }) => data.count + data.tags.length,
    },
    large: { handle: ({ data }) => 'a'.repeat(Number(data)) },
    refuse: {
      handle: ({ data }) => {
        throw new RpcError(Number(data), 'room is full', { temporary: data === 400 });
      },
    },
    break: {
      handle: () => {
        throw new Broken('disk');
      },
    },
    breakAfterReply: {
      handle: async ({ reply }) => {
        await reply('done');
        throw new Broken('disk');
      },
    },
    time: { handle: ({ remainingMs }) => remainingMs() },
    logs: { handle: ({ log }) => log('info', 'counted', { count: 3 }) },
  },
});

const call = (method: string, data: Parameters<typeof envelopeOf>[1] = null, change: object = {}) =>
  handler(eventOf(envelopeOf(`probe.${method}`, data, change)));

const onlyFrame = () => {
  expect(posts()).toHaveLength(1);
  return posts()[0]?.frame;
};

describe('a method replies', () => {
  it('what it returns, to the connection and command that asked', async () => {
    await call('value', 'x');
    expect(posts()).toEqual([
      { client: 'abc=', frame: { id: 7, rpc: { data: { data: 'x', user: 'alice', client: 'abc=' } } } },
    ]);
  });

  it('null where it returns nothing', async () => {
    await call('nothing');
    expect(onlyFrame()).toEqual({ id: 7, rpc: { data: null } });
  });

  it('once, whatever it does after an early reply', async () => {
    await call('early');
    expect(onlyFrame()).toEqual({ id: 7, rpc: { data: 'early' } });
    expect(secondReply).toBeInstanceOf(AlreadyRepliedError);
  });

  it('from data that its schema has read', async () => {
    await call('typed', { count: '40', tags: ['a', 'b'] });
    expect(onlyFrame()).toEqual({ id: 7, rpc: { data: 42 } });
  });

  it('up to what a post takes, and error 100 above that', async () => {
    const frame = Buffer.byteLength('{"id":7,"rpc":{"data":""}}');
    await call('large', MAX_REPLY_BYTES - frame);
    await call('large', MAX_REPLY_BYTES - frame + 1);
    expect(posts()[0]?.frame).toHaveProperty('rpc');
    expect(posts()[1]?.frame).toEqual({ id: 7, error: { code: 100, message: 'internal server error' } });
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'reply too large',
        bytes: MAX_REPLY_BYTES + 1,
        method: 'probe.large',
      }),
    );
  });

  it('to nobody where the connection is gone', async () => {
    connections.on(PostToConnectionCommand).rejects(new GoneException({ message: 'gone', $metadata: {} }));
    await expect(call('value', 'x')).resolves.toBeUndefined();
    expect(lines).toEqual([expect.objectContaining({ level: 'info' })]);
  });
});

describe('a method is answered with an error', () => {
  it('104 where the service has no such method', async () => {
    for (const method of ['none', 'toString', 'constructor', '']) await call(method);
    expect(posts().map(({ frame }) => frame)).toEqual(
      Array(4).fill({ id: 7, error: { code: 104, message: 'method not found' } }),
    );
  });

  it.each([
    ['a missing value', { tags: [] }, 'data.count: expected a value, got none'],
    ['a wrong type', { count: 4, tags: [] }, 'data.count: expected string, got 4'],
    ['a wrong type inside', { count: '4', tags: ['a', null] }, 'data.tags.1: expected string, got null'],
    ['no object', 'text', 'data: expected Object, got "text"'],
    ['two faults', {}, 'data.count: expected a value, got none; data.tags: expected a value, got none'],
  ])('107 with expected and got for %s', async (_, data, reason) => {
    await call('typed', data);
    expect(onlyFrame()).toEqual({ id: 7, error: { code: 107, message: `bad request: ${reason}` } });
  });

  it('107 of bounded length', async () => {
    await call('typed', { count: ['x'.repeat(10_000)], tags: 'x'.repeat(10_000) });
    expect(JSON.stringify(onlyFrame()).length).toBeLessThan(700);
  });

  it('as thrown', async () => {
    await call('refuse', 400);
    await call('refuse', 103);
    expect(posts().map(({ frame }) => frame)).toEqual([
      { id: 7, error: { code: 400, message: 'room is full', temporary: true } },
      { id: 7, error: { code: 103, message: 'room is full' } },
    ]);
  });

  it('by the refusal function where it throws anything else: the invocation fails, unanswered', async () => {
    await expect(call('break')).rejects.toThrow(Broken);
    await expect(call('refuse', 5)).rejects.toThrow(RangeError);
    expect(posts()).toEqual([]);
    expect(lines[0]).toMatchObject({ level: 'error', message: 'handler failed', cause: 'disk' });
  });

  it('by the refusal function where its reply could not be posted', async () => {
    connections.on(PostToConnectionCommand).rejects(new Error('no route'));
    await expect(call('value', 'x')).rejects.toThrow('no route');
  });

  it('never after its reply', async () => {
    await expect(call('breakAfterReply')).resolves.toBeUndefined();
    expect(onlyFrame()).toEqual({ id: 7, rpc: { data: 'done' } });
    expect(lines).toEqual([
      expect.objectContaining({ level: 'error', message: 'handler failed after its reply' }),
    ]);
  });
});

describe('the context', () => {
  it('tells the time that is left', async () => {
    await call('time');
    const { rpc } = onlyFrame() as { rpc: { data: number } };
    expect(rpc.data).toBeGreaterThan(4_000);
    expect(rpc.data).toBeLessThanOrEqual(5_000);
  });

  it('logs with the ids of the command', async () => {
    await call('logs', null, { id: 'envelope-1' });
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'counted',
        count: 3,
        envelope: 'envelope-1',
        method: 'probe.logs',
        client: 'abc=',
        trace: '0af7651916cd43dd8448eb211c80319c',
      }),
    );
  });
});

describe('defineService', () => {
  it.each(['Echo', 'holdfast', '', 'a.b'])('refuses the service name %j', (name) => {
    expect(() => defineService({ name, rpc: {} })).toThrow('service name: expected');
  });

  it.each(['Say', 'say.it', ''])('refuses the method name %j', (method) => {
    const rpc = { [method]: { handle: () => null } };
    expect(() => defineService({ name: 'echo', rpc })).toThrow('method name of echo: expected');
  });
});
