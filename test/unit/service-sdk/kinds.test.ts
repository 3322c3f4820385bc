import { SendMessageCommand } from '@aws-sdk/client-sqs';
import * as v from 'valibot';
import { deliveryGroupId } from '../../../lambdas/contract/delivery';
import {
  type Allowance,
  defineService,
  RpcError,
  ServiceDefinitionError,
} from '../../../lambdas/service-sdk';
import {
  commandOf,
  envelopeOf,
  eventOf,
  lines,
  posts,
  queue,
  sentDeliveries,
  usePlatformDouble,
} from './platform-double';

usePlatformDouble('probe');

class Broken extends Error {}

/** What the handlers of the service do next. */
let act: (context: never) => unknown = () => undefined;
const heard: unknown[] = [];

const handler = defineService({
  name: 'probe',
  publish: {
    room: {
      input: v.object({ text: v.string() }),
      handle: async (context) => {
        await act(context as never);
      },
    },
  },
  subscribe: { room: { handle: (context) => act(context as never) as Allowance | undefined } },
  send: {
    input: v.object({ text: v.string() }),
    handle: ({ data }) => {
      heard.push(data.text);
      act(undefined as never);
    },
  },
});

beforeEach(() => {
  act = () => undefined;
  heard.length = 0;
});

type Kind = Parameters<typeof commandOf>[1];
const command = (kind: Kind, data: Parameters<typeof commandOf>[2], change: object = {}) =>
  handler(eventOf(commandOf('probe', kind, data, change)));

const refuse = () => {
  throw new RpcError(1234, 'members only', { temporary: true });
};
const fail = () => {
  throw new Broken('disk');
};

describe('a publish', () => {
  const TEXT = { text: 'hi' };

  it('that is accepted is in the channel in the name of its client, whom the courier answers', async () => {
    act = ({ accept }: { accept: (data?: object) => Promise<void> }) => accept();
    await command('publish', TEXT, { info: { name: 'Al' }, channelInfo: { seat: 4 } });
    expect(sentDeliveries().map(({ delivery }) => delivery)).toEqual([
      expect.objectContaining({
        channel: 'room:1',
        data: TEXT,
        source: 'probe',
        info: { user: 'alice', client: 'abc=', conn_info: { name: 'Al' }, chan_info: { seat: 4 } },
        reply: { client: 'abc=', id: 7, kind: 'publish' },
      }),
    ]);
    expect(posts()).toEqual([]);
  });

  it('may become something else, once', async () => {
    let second: unknown;
    act = async ({ accept, user }: { accept: (data?: object) => Promise<void>; user: string }) => {
      await accept({ user });
      second = await accept().catch((error: unknown) => error);
    };
    await command('publish', TEXT);
    expect(sentDeliveries().map(({ delivery }) => delivery.data)).toEqual([{ user: 'alice' }]);
    expect(second).toMatchObject({ name: 'AlreadyRepliedError' });
  });

  it('is answered also where nothing of it is published', async () => {
    await command('publish', TEXT);
    expect(posts()).toEqual([{ client: 'abc=', frame: { id: 7, publish: {} } }]);
    expect(sentDeliveries()).toEqual([]);
  });

  it.each([
    ['as the service says', TEXT, refuse, { code: 1234, message: 'members only', temporary: true }],
    ['where its data is wrong', { words: 1 }, fail, expect.objectContaining({ code: 107 })],
  ])('is refused %s', async (_, data, act_, error) => {
    act = act_;
    await command('publish', data);
    expect(posts()).toEqual([{ client: 'abc=', frame: { id: 7, error } }]);
  });

  it('to a namespace without a handler is answered with error 108', async () => {
    await command('publish', TEXT, { channel: 'hall:1' });
    expect(posts()).toMatchObject([{ frame: { id: 7, error: { code: 108 } } }]);
  });

  it('fails with its handler, and is left to the platform', async () => {
    act = fail;
    await expect(command('publish', TEXT)).rejects.toThrow(Broken);
    expect(posts()).toEqual([]);
  });

  it('never runs after its deadline', async () => {
    await command('publish', TEXT, { deadline: Date.now() - 1 });
    expect(posts()).toEqual([]);
    expect(lines).toMatchObject([{ level: 'warn', kind: 'publish' }]);
  });
});

describe('a subscribe', () => {
  const decisions = () => queue.commandCalls(SendMessageCommand).map(({ args }) => args[0].input);
  const decision = () => JSON.parse(decisions()[0]?.MessageBody ?? '');
  const asked = {
    ...{ v: 1, type: 'authorization', client: 'abc=', channel: 'room:1', commandId: 7, question: 'q' },
    ...{ source: 'probe', traceparent: expect.any(String) },
  };

  it('is decided on the deliveries queue, in an order of its own', async () => {
    act = ({ data }: { data: unknown }) => ({ info: { seat: 4 }, data: [data], expiresAt: 4_000_000_000 });
    await command('subscribe', 'please');
    expect(decision()).toEqual({
      ...asked,
      allow: { info: { seat: 4 }, data: ['please'], expiresAt: 4_000_000_000 },
    });
    expect(decisions()).toMatchObject([{ MessageGroupId: deliveryGroupId('authorization abc=') }]);
    expect(posts()).toEqual([]);
  });

  it('is allowed by returning nothing, and denied as the service says', async () => {
    await command('subscribe', null);
    expect(decision()).toEqual({ ...asked, allow: {} });
    queue.resetHistory();
    act = refuse;
    await command('subscribe', null);
    expect(decision()).toEqual({
      ...asked,
      deny: { code: 1234, message: 'members only', temporary: true },
    });
  });

  it('of a namespace without a handler is denied', async () => {
    await command('subscribe', null, { channel: 'hall:1' });
    expect(decision()).toEqual({ ...asked, channel: 'hall:1', deny: expect.objectContaining({ code: 103 }) });
  });

  it.each([
    ['its handler throws', fail, 'disk'],
    [
      'what it gives is too much',
      () => ({ info: { text: 'x'.repeat(1_024) } }),
      'info: expected at most 1024',
    ],
    ['its end is no time', () => ({ expiresAt: 1.5 }), 'expiresAt: expected whole epoch seconds'],
  ])('is decided by nobody where %s', async (_, act_, message) => {
    act = act_;
    await expect(command('subscribe', null)).rejects.toThrow(message);
    expect(decisions()).toEqual([]);
  });
});

describe('a message', () => {
  it('is handled however late it comes', async () => {
    await command('send', { text: 'hi' }, { issuedAt: Date.now() - 3_600_000 });
    expect(heard).toEqual(['hi']);
    expect(posts()).toEqual([]);
  });

  it('that is wrong or unwanted is dropped with a line', async () => {
    await command('send', { words: 1 });
    act = refuse;
    await command('send', { text: 'hi' });
    expect(lines).toMatchObject([
      { message: 'message dropped', code: 107, kind: 'send' },
      { message: 'message dropped', code: 1234 },
    ]);
  });

  it('whose handler fails comes again', async () => {
    act = fail;
    await expect(command('send', { text: 'hi' })).rejects.toThrow(Broken);
  });

  it('to a service that takes none is dropped with a line', async () => {
    const silent = defineService({ name: 'probe', rpc: {} });
    await silent(eventOf(commandOf('probe', 'send', 1)));
    expect(lines).toMatchObject([{ message: 'message dropped', code: 108 }]);
  });
});

it('an envelope is of the kind that its event says', async () => {
  const event = eventOf(envelopeOf('probe.any', null));
  await handler({ ...event, 'detail-type': 'holdfast.send' });
  expect(lines).toMatchObject([{ message: expect.stringContaining('detail-type') }]);
  expect(posts()).toEqual([]);
});

it('a service names namespaces that could be', () => {
  const subscribe = { 'Room:1': { handle: () => undefined } };
  expect(() => defineService({ name: 'probe', subscribe })).toThrow(ServiceDefinitionError);
});
