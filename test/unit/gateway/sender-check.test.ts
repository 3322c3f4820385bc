import { roleOf, SenderCheck } from '../../../lambdas/gateway/core/delivery/sender-check';
import { courierWorld, delivery, record, replyTo, wake } from './courier-world';

const answer = (source: string) => ({
  ...{ v: 1, type: 'authorization', client: 'c', channel: 'chat:1', commandId: 3, question: 'q', source },
  ...{ traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, allow: {} },
});

describe('a delivery', () => {
  it.each([
    ['of the owner', 'AROACHAT', delivery('chat:1', { source: 'chat' })],
    ['of a service that the owner lets publish', 'AROABOTS', delivery('chat:1', { source: 'bots' })],
    ['to a namespace of the gateway', 'AROAECHO', delivery('room:1', { source: 'echo' })],
    ['of a role that is none of a service', 'AROAAPI', delivery('chat:1', { source: 'holdfast' })],
    ['of no role at all', undefined, delivery('chat:1', { source: 'chat' })],
  ])('%s is published', async (_, role, body) => {
    const { courier, appended, letters } = courierWorld();
    expect(await courier.handle([record(body, 'g', { role })])).toEqual([]);
    expect(appended).toHaveLength(1);
    expect(letters).toEqual([]);
  });

  it('of another service is put aside and answered, and holds up nothing', async () => {
    const { courier, appended, letters, sent, lines } = courierWorld();
    const records = [
      record(delivery('chat:1', { source: 'chat', data: 1 }), 'g', { role: 'AROACHAT' }),
      record(delivery('chat:1', { source: 'echo', reply: replyTo('c', 3) }), 'g', { role: 'AROAECHO' }),
      record(delivery('chat:1', { source: 'chat', data: 2 }), 'g', { role: 'AROACHAT' }),
    ];
    expect(await courier.handle(records)).toEqual([]);
    expect(appended).toEqual(['{"data":1}', '{"data":2}']);
    expect(letters).toMatchObject([{ id: records[1]?.messageId, group: 'g', kind: 'foreign-namespace' }]);
    expect(sent('c')).toEqual([[{ id: 3, error: expect.objectContaining({ code: 103 }) }]]);
    const reason = 'namespace: expected one that echo may publish to, got one of chat';
    expect(lines).toContainEqual({
      message: 'delivery refused',
      fields: expect.objectContaining({ kind: 'foreign-namespace', reason }),
    });
  });

  it.each([
    ['in the name of another', delivery('room:1', { source: 'chat' })],
    ["with another service's answer to a subscribe", answer('chat')],
    ['of what only couriers send', wake('chat:1')],
  ])('%s is put aside', async (_, body) => {
    const { courier, appended, decided, drained, letters } = courierWorld();
    expect(await courier.handle([record(body, 'g', { role: 'AROAECHO' })])).toEqual([]);
    expect([appended, decided, drained]).toEqual([[], [], []]);
    expect(letters).toMatchObject([{ kind: 'foreign-source' }]);
  });

  it('comes again while the registry was never read', async () => {
    const { courier, failing, letters } = courierWorld();
    failing.add('registry');
    const records = [record(delivery('chat:1', { source: 'echo' }), 'g', { role: 'AROAECHO' })];
    expect(await courier.handle(records)).toEqual([records[0]?.messageId]);
    expect(letters).toEqual([]);
  });

  it("of a service's own answer to a subscribe is carried out", async () => {
    const { courier, decided } = courierWorld();
    await courier.handle([record(answer('chat'), 'g', { role: 'AROACHAT' })]);
    expect(decided).toHaveLength(1);
  });
});

it('is refused only by a registry that was just read', async () => {
  let read = false;
  const check = new SenderCheck({
    namespace: async () => (read ? { owner: 'echo' } : { owner: 'chat' }) as never,
    serviceOf: async () => undefined,
    serviceOfRole: async () => 'echo',
    refresh: async () => {
      read = true;
    },
  });
  const message = delivery('chat:1', { source: 'echo' }) as Parameters<SenderCheck['refusalOf']>[1];
  expect(await check.refusalOf({ role: 'AROAECHO', group: 'g' }, message)).toBeUndefined();
  expect(read).toBe(true);
});

it.each([
  ['AROAEXAMPLEID:session', 'AROAEXAMPLEID'],
  ['AIDAEXAMPLEID', undefined],
  ['000000000000', undefined],
])('the sender %s has the role %s', (senderId, role) => {
  expect(roleOf(senderId)).toBe(role);
});
