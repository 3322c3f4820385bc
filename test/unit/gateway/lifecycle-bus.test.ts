import { generateKeyPairSync } from 'node:crypto';
import * as v from 'valibot';
import type { LifecycleEvent, UnsignedLifecycleEvent } from '../../../lambdas/contract/lifecycle';
import { verifyEnvelope } from '../../../lambdas/contract/signature';
import type { JsonCalls } from '../../../lambdas/gateway/core/adapters/aws/json-service';
import {
  type BusEntry,
  BusRefusalError,
  NoSigningKeyError,
} from '../../../lambdas/gateway/core/adapters/event-bridge-bus';
import { EventBridgeLifecycle } from '../../../lambdas/gateway/core/adapters/event-bridge-lifecycle';
import { parseMessage } from '../../../lambdas/gateway/core/delivery/messages';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const key = { kid: 'k1', privateKey };
const events: UnsignedLifecycleEvent[] = [
  { v: 1, kind: 'lifecycle', id: 'connected:c1', event: 'connected', at: 1, client: 'c1', user: 'alice' },
  {
    ...{ v: 1, kind: 'lifecycle', id: 'occupied:5:hall:1', event: 'occupied', at: 5 },
    ...{ channel: 'hall:1', namespace: 'hall', generation: 5 },
  },
];

describe('EventBridgeLifecycle', () => {
  /** A bus that answers as told, and what was asked of it. */
  function bridge(answer: object) {
    const calls: { operation: string; input: object }[] = [];
    const service: JsonCalls = {
      call: async (operation, input, output) => {
        calls.push({ operation, input });
        return v.parse(output, answer);
      },
    };
    return { calls, service };
  }

  it('puts signed events, each as its own', async () => {
    const { calls, service } = bridge({ FailedEntryCount: 0, Entries: [{}, {}] });
    await new EventBridgeLifecycle(service, 'bus', async () => key).put(events);
    expect(calls.map(({ operation }) => operation)).toEqual(['PutEvents']);
    const { Entries = [] } = (calls[0]?.input ?? {}) as { Entries?: BusEntry[] };
    expect(Entries).toHaveLength(2);
    for (const [index, entry] of Entries.entries()) {
      expect(entry).toMatchObject({
        EventBusName: 'bus',
        Source: 'holdfast.gateway',
        DetailType: 'holdfast.lifecycle',
      });
      const detail = JSON.parse(entry.Detail) as LifecycleEvent;
      expect(detail).toMatchObject(events[index] ?? {});
      expect(verifyEnvelope(detail, new Map([['k1', publicKey]]))).toBe('valid');
      expect(verifyEnvelope({ ...detail, at: 9 }, new Map([['k1', publicKey]]))).toBe('invalid');
    }
  });

  it('rejects where the bus took some and not all', async () => {
    const { service } = bridge({ FailedEntryCount: 1, Entries: [{}, { ErrorCode: 'Throttled' }] });
    const bus = new EventBridgeLifecycle(service, 'bus', async () => key);
    await expect(bus.put(events)).rejects.toThrow(new BusRefusalError('Throttled'));
  });

  it('rejects before the first signing key, and asks for nothing', async () => {
    const { calls, service } = bridge({});
    const keyless = new EventBridgeLifecycle(service, 'bus', async () => undefined);
    await expect(keyless.put(events)).rejects.toThrow(NoSigningKeyError);
    expect(calls).toEqual([]);
  });
});

describe('messages of departures and lifecycle events', () => {
  const subscription = { channel: 'hall:1', connection: 'c1=', nonce: 'n', lifecycle: true };
  const wakes = [
    { v: 1, type: 'departed', subscriptions: [subscription] },
    { v: 1, type: 'departed', subscriptions: [], closed: { connection: 'c1=', user: '', at: 1 } },
    { v: 1, type: 'lifecycle', channel: 'hall:1', until: 0 },
    { v: 1, type: 'lifecycle', channel: 'hall:1', of: { connection: 'c1=', nonce: 'n' }, until: 5 },
    { v: 1, type: 'connected', connection: 'c1=', user: 'alice', at: 1, until: 2 },
  ];

  it.each(wakes)('are read: $type', (wake) => {
    expect(parseMessage(JSON.stringify(wake))).toEqual(wake);
  });

  it.each([
    { v: 1, type: 'departed' },
    { v: 1, type: 'departed', subscriptions: [{ ...subscription, channel: 'no channel' }] },
    { v: 1, type: 'departed', subscriptions: [{ ...subscription, nonce: '' }] },
    { v: 1, type: 'departed', subscriptions: [], closed: { connection: 'c1=' } },
    { v: 1, type: 'lifecycle', channel: 'hall:1' },
    { v: 1, type: 'lifecycle', channel: 'hall:1', of: {}, until: 1 },
    { v: 1, type: 'connected', connection: '', user: 'alice', at: 1, until: 2 },
  ])('are refused where they are none: %j', (wake) => {
    expect(parseMessage(JSON.stringify(wake))).toMatchObject({ type: 'unreadable' });
  });
});
