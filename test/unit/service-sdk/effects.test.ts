import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { MAX_CHANNEL_LENGTH } from '../../../lambdas/contract/channel';
import {
  ConditionFailedError,
  defineService,
  GUARD_KEPT_SECONDS,
  type RpcContext,
} from '../../../lambdas/service-sdk';
import {
  bus,
  envelopeOf,
  eventOf,
  posts,
  queue,
  sentDeliveries,
  table,
  usePlatformDouble,
} from './platform-double';

usePlatformDouble('probe');

type Act = (context: RpcContext<unknown>) => Promise<unknown>;
let act: Act;

const handler = defineService({
  name: 'probe',
  rpc: {
    run: {
      handle: async (context) => {
        const value = await act(context);
        return value === undefined ? null : JSON.parse(JSON.stringify(value));
      },
    },
  },
});

const run = (made: Act, event = eventOf(envelopeOf('probe.run', null))) => {
  act = made;
  return handler(event);
};
const keys = () => sentDeliveries().map(({ delivery }) => delivery.idempotencyKey);
const asked = () => bus.commandCalls(PutEventsCommand).map(({ args }) => args[0].input.Entries?.[0]);
const answered = (data: unknown) =>
  expect(posts()).toEqual([{ client: 'abc=', frame: { id: 7, rpc: { data } } }]);

describe('publications', () => {
  it('go to each channel of a broadcast, and to the own channel of a user', async () => {
    const channels = Array.from({ length: 40 }, (_, index) => `room:${index}`);
    await run(async ({ broadcast, toUser }) => {
      await broadcast(channels, { text: 'hi' });
      await toUser('bob', { text: 'you' });
    });
    expect(sentDeliveries().map(({ delivery }) => delivery.channel)).toEqual([...channels, 'user:#bob']);
    expect(new Set(keys()).size).toBe(41);
  });

  it.each(['', 'a,b', 'a#b', 'a b', 'u'.repeat(MAX_CHANNEL_LENGTH)])(
    'cannot go to a user whose id makes no channel: %j',
    async (user) => {
      await expect(run(({ toUser }) => toUser(user, 1))).rejects.toThrow('user: expected an id that makes');
      expect(sentDeliveries()).toEqual([]);
    },
  );

  it('have the same keys again after a crash between two of three effects', async () => {
    const event = eventOf(envelopeOf('probe.run', null));
    const three: Act = async ({ publish, toUser }) => {
      await publish('room:1', 1);
      await toUser('bob', 2);
      await publish('room:1', 3);
    };
    queue
      .on(SendMessageCommand)
      .resolvesOnce({})
      .resolvesOnce({})
      .rejectsOnce(new Error('crash'))
      .resolves({});
    await expect(run(three, event)).rejects.toThrow('crash');
    const before = keys();
    await run(three, event);
    expect(keys().slice(before.length)).toEqual(before);
    expect(new Set(before).size).toBe(3);
  });

  it('have the same keys when the channels come in another order', async () => {
    const event = eventOf(envelopeOf('probe.run', null));
    await run(({ broadcast }) => broadcast(['a', 'b'], 1), event);
    const before = keys();
    queue.resetHistory();
    await run(({ broadcast }) => broadcast(['b', 'a'], 1), event);
    expect(keys()).toEqual(before.reverse());
  });
});

describe('requests', () => {
  it('go to the bus in the name of the service, in the shape of the server API', async () => {
    await run(async ({ subscribe, unsubscribe, disconnect }) => {
      await subscribe('bob', 'room:1', { client: 'c', data: { welcome: true } });
      await unsubscribe('bob', 'room:1');
      await disconnect('bob');
      await disconnect('bob', { client: 'c', code: 4000, reason: 'moved' });
    });
    const details = asked().map((entry) => [entry?.DetailType, JSON.parse(entry?.Detail ?? '')]);
    expect(details).toEqual([
      ['holdfast.subscribe', { user: 'bob', channel: 'room:1', client: 'c', data: { welcome: true } }],
      ['holdfast.unsubscribe', { user: 'bob', channel: 'room:1' }],
      ['holdfast.disconnect', { user: 'bob' }],
      ['holdfast.disconnect', { user: 'bob', client: 'c', disconnect: { code: 4000, reason: 'moved' } }],
    ]);
    for (const entry of asked()) {
      expect(entry).toMatchObject({ EventBusName: 'test-holdfast', Source: 'holdfast.service.probe' });
    }
  });

  it('that the bus does not take fail the handler', async () => {
    bus
      .on(PutEventsCommand)
      .resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] });
    await expect(run(({ disconnect }) => disconnect('bob'))).rejects.toThrow(
      'holdfast.disconnect: expected the bus to take it, got ThrottlingException',
    );
  });
});

describe('once', () => {
  const write = { Put: { Item: { pk: 'room#1', sk: 'message#1' } } };
  const transactions = () =>
    table.commandCalls(TransactWriteCommand).map(({ args }) => args[0].input.TransactItems ?? []);
  const canceled = (...reasons: TransactionCanceledException['CancellationReasons'] & object) =>
    new TransactionCanceledException({ message: 'canceled', $metadata: {}, CancellationReasons: reasons });

  it('writes the guard and what it guards in one transaction', async () => {
    const envelope = envelopeOf('probe.run', null);
    await run(({ once }) => once([write], { name: 'message', result: { id: 7 } }), eventOf(envelope));
    const now = Date.now() / 1000;
    const [guard, guarded] = transactions()[0] ?? [];
    expect(guard).toEqual({
      Put: {
        TableName: 'table',
        Item: {
          pk: `once#${envelope.id}#message`,
          sk: 'once',
          expiresAt: expect.any(Number),
          result: '{"id":7}',
        },
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    });
    expect(Number(guard?.Put?.Item?.['expiresAt']) - now - GUARD_KEPT_SECONDS).toBeLessThan(10);
    expect(guarded).toEqual({ Put: { ...write.Put, TableName: 'table' } });
    answered({ repeated: false, result: { id: 7 } });
  });

  it('tells a repeat of the first time', async () => {
    const former = { Code: 'ConditionalCheckFailed', Item: { result: { S: '{"id":7}' } } };
    table.on(TransactWriteCommand).rejects(canceled(former, { Code: 'None' }));
    await run(({ once }) => once([write], { result: { id: 8 } }));
    answered({ repeated: true, result: { id: 7 } });
  });

  it('says which conditions of its writes did not hold', async () => {
    table
      .on(TransactWriteCommand)
      .rejects(canceled({ Code: 'None' }, { Code: 'None' }, { Code: 'ConditionalCheckFailed' }));
    const failure = await run(({ once }) => once([write, write])).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConditionFailedError);
    expect(failure).toMatchObject({ writes: [1] });
  });

  it('tries again where others write the same items, not for ever', async () => {
    const conflict = canceled({ Code: 'None' }, { Code: 'TransactionConflict' });
    table.on(TransactWriteCommand).rejectsOnce(conflict).resolves({});
    await run(({ once }) => once([write]));
    answered({ repeated: false });
    table.on(TransactWriteCommand).rejects(conflict);
    await expect(run(({ once }) => once([write]))).rejects.toThrow(TransactionCanceledException);
    expect(transactions()).toHaveLength(7);
  });

  it('fails the handler where the table does not answer', async () => {
    table.on(TransactWriteCommand).rejects(new Error('table is away'));
    await expect(run(({ once }) => once([write]))).rejects.toThrow('table is away');
  });
});
