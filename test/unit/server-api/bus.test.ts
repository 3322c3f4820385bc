import fc from 'fast-check';
import {
  isBusEvent,
  type RefusedRequest,
  serveBus,
  TryAgainError,
} from '../../../lambdas/gateway/core/server-api/bus';
import { apiWorld, NOW } from './world';

const event = (more: object = {}) => ({
  version: '0',
  id: 'event-1',
  source: 'shop.orders',
  'detail-type': 'holdfast.publish',
  account: '1',
  time: '2025-12-31T23:59:30Z',
  region: 'r',
  resources: [],
  detail: { channel: 'room:1', data: { n: 1 } },
  ...more,
});

function busWorld() {
  const world = apiWorld();
  const letters: RefusedRequest[] = [];
  const deadLetters = { send: async (letter: RefusedRequest) => void letters.push(letter) };
  const serve = (given: unknown) => serveBus({ ...world.parts, api: world.api, deadLetters }, given);
  return { ...world, letters, serve };
}

describe('an event of the bus', () => {
  it('publishes with its id as key and its time as that of the publication', async () => {
    const { serve, deliveries, letters } = busWorld();
    await serve(event());
    await serve(event());
    await serve(event({ id: 'event-2' }));
    expect(deliveries.map(({ publishedAt }) => publishedAt)).toEqual(Array(3).fill(NOW - 30_000));
    const [one, again, other] = deliveries.map(({ idempotencyKey }) => idempotencyKey);
    expect([one === again, one === other]).toEqual([true, false]);
    expect(letters).toEqual([]);
  });

  it('is not of the future, whatever it says', async () => {
    const { serve, deliveries } = busWorld();
    await serve(event({ time: '2030-01-01T00:00:00Z' }));
    expect(deliveries[0]?.publishedAt).toBe(NOW);
  });

  it('keeps a key of its own', async () => {
    const { serve, deliveries } = busWorld();
    await serve(event({ detail: { channel: 'room:1', data: 1, idempotency_key: 'order-1' } }));
    expect(deliveries[0]?.idempotencyKey).toBe('order-1');
  });

  it('disconnects and unsubscribes', async () => {
    const { serve, actions } = busWorld();
    await serve(event({ 'detail-type': 'holdfast.disconnect', detail: { user: 'alice' } }));
    const detail = { user: 'alice', channel: 'room:1' };
    await serve(event({ 'detail-type': 'holdfast.unsubscribe', detail }));
    expect(actions).toHaveLength(4);
  });

  it.each([
    ['of a channel that is none', { detail: { channel: 'a b', data: 1 } }, 'bad request: channel: expected'],
    ['of an unknown namespace', { detail: { channel: 'x:1', data: 1 } }, 'unknown channel: namespace'],
    ['without detail', { detail: undefined }, 'bad request: request: expected a JSON object, got none'],
    ['with a text for detail', { detail: 'x' }, 'bad request: request: expected a JSON object'],
    ['with another time', { time: 'yesterday' }, 'event.time: expected'],
    ['of another type', { 'detail-type': 'holdfast.revoke' }, 'event.detail-type: expected'],
    [
      'of a broadcast with bad channels',
      { 'detail-type': 'holdfast.broadcast', detail: { channels: ['x:1', 'room:1', 'y:1'], data: 1 } },
      'expected one that is registered, got "x" (and 1 more)',
    ],
  ])('%s ends among the dead letters with its reason', async (_, more, reason) => {
    const { serve, letters } = busWorld();
    await serve(event(more));
    expect(letters).toEqual([{ event: event(more), reason: expect.stringContaining(reason) }]);
  });

  it.each([
    ['the queue', 'send room:1', {}],
    ['the registry', 'registry', {}],
    ['Redis', 'disconnect', { 'detail-type': 'holdfast.disconnect', detail: { user: 'alice' } }],
  ])('comes again where %s is away', async (_, what, more) => {
    const { serve, failing, letters } = busWorld();
    failing.add(what);
    await expect(serve(event(more))).rejects.toBeInstanceOf(TryAgainError);
    expect(letters).toEqual([]);
  });

  it('is told from a request of the HTTP API', () => {
    expect(isBusEvent(event())).toBe(true);
    expect(isBusEvent({ version: '2.0', routeKey: 'POST /api/{method}', body: '{"detail-type":"x"}' })).toBe(
      false,
    );
  });

  it('is carried out or put aside, whatever it is', async () => {
    const { serve, letters, deliveries } = busWorld();
    const field = fc.constantFrom('id', 'source', 'detail-type', 'time', 'detail');
    await fc.assert(
      fc.asyncProperty(field, fc.jsonValue(), async (name, value) => {
        const before = letters.length + deliveries.length;
        await serve(event({ [name]: value }));
        expect(letters.length + deliveries.length).toBe(before + 1);
      }),
      { numRuns: 200 },
    );
  });
});
