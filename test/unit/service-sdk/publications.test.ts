import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { deliveryDeduplicationId, deliveryGroupId } from '../../../lambdas/contract/delivery';
import { isTraceparent, traceIdOf } from '../../../lambdas/contract/trace';
import { defineService, MAX_PUBLICATION_BYTES, type RpcContext } from '../../../lambdas/service-sdk';
import { publicationKey } from '../../../lambdas/service-sdk/publications';
import {
  envelopeOf,
  eventOf,
  lines,
  posts,
  queue,
  sentDeliveries,
  usePlatformDouble,
} from './platform-double';

usePlatformDouble('probe');

type Method = (context: RpcContext<unknown>) => Promise<unknown>;
let method: Method;
let failure: unknown;

const handler = defineService({
  name: 'probe',
  rpc: {
    run: {
      handle: async (context) => {
        failure = await method(context).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure) throw failure;
      },
    },
  },
});

const envelope = () => envelopeOf('probe.run', null);
const run = (made: Method, event = eventOf(envelope())) => {
  method = made;
  return handler(event);
};

describe('publish', () => {
  it('sends a delivery in the group of its channel', async () => {
    const asked = envelope();
    await run(({ publish }) => publish('room:1', { text: 'hi' }), eventOf(asked));
    const [sent] = sentDeliveries();
    expect(sentDeliveries()).toHaveLength(1);
    expect(sent?.delivery).toEqual({
      v: 1,
      type: 'publication',
      channel: 'room:1',
      data: { text: 'hi' },
      idempotencyKey: publicationKey(asked.id, 'room:1', 1),
      source: 'probe',
      publishedAt: expect.any(Number),
      traceparent: expect.any(String),
    });
    expect(sent?.group).toBe(deliveryGroupId('room:1'));
    expect(sent?.deduplication).toBe(deliveryDeduplicationId(publicationKey(asked.id, 'room:1', 1)));
    expect(posts().map(({ frame }) => frame)).toEqual([{ id: 7, rpc: { data: null } }]);
  });

  it('hands the trace on', async () => {
    await run(({ publish }) => publish('room:1', 1));
    const traceparent = sentDeliveries()[0]?.delivery.traceparent ?? '';
    expect(isTraceparent(traceparent)).toBe(true);
    expect(traceIdOf(traceparent)).toBe('0af7651916cd43dd8448eb211c80319c');
  });

  it('uses the same keys where the event comes twice, and another for each publication', async () => {
    const event = eventOf(envelope());
    const twice: Method = async ({ publish }) => {
      await publish('room:1', 1);
      await publish('room:1', 1);
      await publish('room:2', 1);
    };
    await run(twice, event);
    const first = sentDeliveries().map(({ deduplication }) => deduplication);
    expect(new Set(first).size).toBe(3);
    await run(twice, event);
    expect(sentDeliveries().map(({ deduplication }) => deduplication)).toEqual([...first, ...first]);
  });

  it('has a courier answer each command that repeats a key, and the queue drop what answers the same one', async () => {
    const options = { idempotencyKey: 'k', replyWithOffset: {} };
    const event = eventOf(envelope());
    for (const asked of [event, event, eventOf(envelopeOf('probe.run', null, { commandId: 8 }))]) {
      await run(({ publish }) => publish('room:1', 1, options), asked);
    }
    const [first, again, other] = sentDeliveries().map(({ deduplication }) => deduplication);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(first).not.toBe(deliveryDeduplicationId('k'));
  });

  it('says when a repeat was first published', async () => {
    await run(({ publish }) => publish('room:1', 1, { publishedAt: 1_700_000_000_000 }));
    expect(sentDeliveries()[0]?.delivery.publishedAt).toBe(1_700_000_000_000);
  });

  it('takes a key of the caller', async () => {
    await run(({ publish }) => publish('room:1', 1, { idempotencyKey: 'order-5' }));
    expect(sentDeliveries()[0]?.delivery.idempotencyKey).toBe('order-5');
  });

  it('counts the publications of one invocation by channel, whatever keys some of them bring', async () => {
    const asked = envelope();
    await run(async ({ publish }) => {
      await publish('room:1', 1);
      await publish('room:2', 1);
      await publish('room:1', 2, { idempotencyKey: 'order-5' });
      await publish('room:1', 3);
    }, eventOf(asked));
    expect(sentDeliveries().map(({ delivery }) => delivery.idempotencyKey)).toEqual([
      publicationKey(asked.id, 'room:1', 1),
      publicationKey(asked.id, 'room:2', 1),
      'order-5',
      publicationKey(asked.id, 'room:1', 3),
    ]);
  });

  it('hands versions on', async () => {
    await run(async ({ publish }) => {
      await publish('room:1', 1, { version: 1 });
      await publish('room:1', 1, { version: 2 ** 53 - 1, versionEpoch: 'e'.repeat(128) });
    });
    const [first, second] = sentDeliveries();
    expect(first?.delivery).toMatchObject({ version: 1 });
    expect(first?.delivery).not.toHaveProperty('versionEpoch');
    expect(second?.delivery).toMatchObject({ version: 2 ** 53 - 1, versionEpoch: 'e'.repeat(128) });
  });

  it.each<[string, Method, string]>([
    ['a channel with a space', ({ publish }) => publish('a b', 1), 'channel: expected 1 to 255 printable'],
    ['a channel with a brace', ({ publish }) => publish('a{b}', 1), 'got "a{b}"'],
    ['an empty channel', ({ publish }) => publish('', 1), 'got ""'],
    [
      'a key of 129 characters',
      ({ publish }) => publish('a', 1, { idempotencyKey: 'k'.repeat(129) }),
      'idempotencyKey: expected 1 to 128 characters, got 129',
    ],
    [
      'a time of half a millisecond',
      ({ publish }) => publish('a', 1, { publishedAt: 1.5 }),
      'publishedAt: expected whole epoch milliseconds, got 1.5',
    ],
    [
      'version 0',
      ({ publish }) => publish('a', 1, { version: 0 }),
      'version: expected an integer from 1 to 2^53-1, got 0',
    ],
    ['half a version', ({ publish }) => publish('a', 1, { version: 1.5 }), 'got 1.5'],
    ['a version above 2^53', ({ publish }) => publish('a', 1, { version: 2 ** 53 }), 'version: expected'],
    [
      'an epoch of versions alone',
      ({ publish }) => publish('a', 1, { versionEpoch: 'e' }),
      'versionEpoch: expected it with a version, got it alone',
    ],
    [
      'an epoch of versions of 129 characters',
      ({ publish }) => publish('a', 1, { version: 1, versionEpoch: 'e'.repeat(129) }),
      'versionEpoch: expected at most 128 characters, got 129',
    ],
    [
      'fields of a reply above 64 KB',
      ({ publish }) => publish('a', 1, { replyWithOffset: { text: 'x'.repeat(65_526) } }),
      'replyWithOffset: expected at most 65536 bytes of JSON, got 65537',
    ],
    [
      'a publication above the size of a post',
      ({ publish }) => publish('a', 'x'.repeat(MAX_PUBLICATION_BYTES - 10)),
      `publication: expected at most 122880 bytes of JSON, got ${MAX_PUBLICATION_BYTES + 1}`,
    ],
  ])('refuses %s and sends nothing', async (_, made, reason) => {
    await expect(run(made)).rejects.toThrow(reason);
    expect(failure).toHaveProperty('name', 'PublicationError');
    expect(sentDeliveries()).toEqual([]);
  });

  it('fails the invocation where the queue does not take it', async () => {
    queue.on(SendMessageCommand).rejects(new Error('queue is away'));
    await expect(run(({ publish }) => publish('room:1', 1))).rejects.toThrow('queue is away');
    expect(posts()).toEqual([]);
  });
});

describe('publish with replyWithOffset', () => {
  it('leaves the reply to the courier', async () => {
    await run(({ publish }) => publish('room:1', 1, { replyWithOffset: { room: 1 } }));
    expect(sentDeliveries()[0]?.delivery.reply).toEqual({
      client: 'abc=',
      id: 7,
      kind: 'rpc',
      data: { room: 1 },
    });
    expect(posts()).toEqual([]);
  });

  it('is refused after a reply, and sends nothing', async () => {
    await run(async ({ reply, publish }) => {
      await reply(1);
      await publish('room:1', 1, { replyWithOffset: {} });
    });
    expect(failure).toHaveProperty('name', 'AlreadyRepliedError');
    expect(sentDeliveries()).toEqual([]);
  });

  it('leaves the command unanswered where the queue does not take it, so that it is refused', async () => {
    queue.on(SendMessageCommand).rejects(new Error('queue is away'));
    const made: Method = ({ publish }) => publish('room:1', 1, { replyWithOffset: {} });
    await expect(run(made)).rejects.toThrow('queue is away');
    expect(posts()).toEqual([]);
  });

  it('does not fail the invocation for what goes wrong afterwards: the courier answers', async () => {
    await run(async ({ publish }) => {
      await publish('room:1', 1, { replyWithOffset: {} });
      throw new Error('disk');
    });
    expect(lines).toEqual([expect.objectContaining({ level: 'error', cause: 'disk' })]);
    expect(posts()).toEqual([]);
  });
});

describe('publicationKey', () => {
  it('is at most 128 characters, whatever the channel and the envelope', () => {
    const key = publicationKey('e'.repeat(500), 'c'.repeat(255), 1_000_000);
    expect(key.length).toBeLessThanOrEqual(128);
  });
});
