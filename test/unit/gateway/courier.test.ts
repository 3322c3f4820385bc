import { POST_TIMEOUT_MS } from '../../../lambdas/gateway/core/adapters/management-poster';
import { storesOn } from '../../../lambdas/gateway/core/adapters/state';
import { Courier, type CourierRecord } from '../../../lambdas/gateway/core/delivery/courier';
import {
  COURIER_BUDGET_MS,
  Drain,
  LOCK_MS,
  POST_RESERVE_MS,
} from '../../../lambdas/gateway/core/delivery/drain';
import { parseMessage } from '../../../lambdas/gateway/core/delivery/messages';
import type { RedisScript } from '../../../lambdas/gateway/core/redis-script';

const delivery = (channel: string, more: object = {}) => ({
  v: 1,
  type: 'publication',
  channel,
  data: 'hello',
  idempotencyKey: 'k',
  source: 'test',
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  ...more,
});

let ids = 0;
const record = (body: unknown, group?: string): CourierRecord => ({
  messageId: `m${++ids}`,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  group,
});

function courierWorld() {
  const frames: string[] = [];
  const failing = new Set<string>();
  const appended: string[] = [];
  const drained: string[] = [];
  const reasons: unknown[] = [];
  const scripts = {
    run: async (script: RedisScript, keys: readonly string[], args: readonly (string | number)[]) => {
      if (failing.has(script.name) || failing.has(String(keys[0]))) throw new Error('away');
      if (script.name === 'hf1begin') {
        drained.push(String(keys[0]));
        return ['none'];
      }
      appended.push(String(args[1]));
      return ['appended', appended.length, 'e', '0'];
    },
  };
  const log = (_level: string, _message: string, fields: Readonly<Record<string, unknown>> = {}) => {
    reasons.push(fields['reason'] ?? fields['cause']);
  };
  const parts = {
    ...storesOn(scripts, log),
    poster: {
      post: async (_: string, frame: string) => {
        frames.push(frame);
        return 'ok' as const;
      },
      close: async () => 'ok' as const,
    },
    wakes: { send: async () => undefined },
    clock: { now: () => Date.now(), sleep: async () => undefined },
    log,
    registry: {
      namespace: async (name: string) =>
        name === 'room'
          ? ({
              subscribe: 'anyone',
              publish: 'direct',
              historySize: 0,
              historyTtlSeconds: 0,
              recover: false,
              presence: false,
            } as const)
          : undefined,
      serviceOf: async () => undefined,
      refresh: async () => undefined,
    },
  };
  const courier = new Courier({ ...parts, drain: new Drain(parts) });
  return { courier, frames, failing, appended, drained, reasons };
}

describe('Courier', () => {
  it('appends a channel in order, drains it once and answers after the append', async () => {
    const { courier, frames, appended, drained } = courierWorld();
    const reply = { client: 'c', id: 4, kind: 'rpc', data: { ok: true } };
    const records = [
      record(delivery('room:a', { data: 1, reply: { client: 'c', id: 3, kind: 'publish' } }), 'a'),
      record(delivery('room:a', { data: 2, reply }), 'a'),
      record({ v: 1, type: 'drain', channel: 'room:a', partition: 0 }),
    ];
    expect(await courier.handle(records)).toEqual([]);
    expect(appended).toEqual(['{"data":1}', '{"data":2}']);
    expect(drained).toEqual(['hf1:{p0:room:a}']);
    expect(frames.map((frame) => JSON.parse(frame) as unknown)).toEqual([
      { id: 3, publish: {} },
      { id: 4, rpc: { data: { ok: true, offset: 2, epoch: 'e' } } },
    ]);
  });

  it('reports a bad message and what follows it in its group, and nothing else', async () => {
    const { courier, reasons } = courierWorld();
    const records = [
      record(delivery('room:a'), 'a'),
      record(delivery('room:a', { traceparent: 'secret' }), 'a'),
      record(delivery('room:b'), 'b'),
      record(delivery('room:a'), 'a'),
    ];
    expect(await courier.handle(records)).toEqual([records[1]?.messageId, records[3]?.messageId]);
    expect(reasons).toEqual(['traceparent: expected a W3C traceparent, got string']);
  });

  it.each([
    ['an unknown namespace', delivery('none:a'), 'namespace: expected one that is registered, got none'],
    [
      'too large a publication',
      delivery('room:a', { data: 'x'.repeat(130_000) }),
      'publication: expected at most 122880 bytes, got 130011',
    ],
  ])('reports %s', async (_, body, reason) => {
    const { courier, reasons } = courierWorld();
    const bad = record(body, 'a');
    expect(await courier.handle([bad])).toEqual([bad.messageId]);
    expect(reasons).toEqual([reason]);
  });

  it('asks for everything of a channel again where its drain failed', async () => {
    const { courier, failing } = courierWorld();
    failing.add('hf1:{p0:room:a}');
    const records = [record(delivery('room:a'), 'a'), record(delivery('room:b'), 'b')];
    expect(await courier.handle(records)).toEqual([records[0]?.messageId]);
  });

  it('asks for everything again while Redis is away', async () => {
    const { courier, failing } = courierWorld();
    failing.add('hf1append').add('hf1begin');
    const records = [
      record(delivery('room:a'), 'a'),
      record({ v: 1, type: 'drain', channel: 'room:b', partition: 1 }),
    ];
    expect(await courier.handle(records)).toEqual(records.map(({ messageId }) => messageId));
  });
});

describe('parseMessage', () => {
  it.each([
    ['x', 'body: expected JSON, got text that is none'],
    ['{}', 'type: expected ("publication" | "drain"), got undefined'],
    [JSON.stringify(delivery('room:{a}')), 'channel: expected a channel name, got string'],
    [JSON.stringify(delivery('room:a', { v: 2 })), 'v: expected 1, got number'],
    [JSON.stringify(delivery('room:a', { idempotencyKey: '' })), 'idempotencyKey: expected'],
    [JSON.stringify(delivery('room:a', { data: undefined })), 'data: expected'],
    ['{"v":1,"type":"drain","channel":"a","partition":-1}', 'partition: expected'],
  ])('says what is wrong with %.50s', (body, reason) => {
    expect(parseMessage(body)).toEqual(expect.stringContaining(reason));
  });
});

describe('time limits', () => {
  it('end every post, and a close after it, before the lock', () => {
    expect(POST_RESERVE_MS).toBeGreaterThanOrEqual(2 * POST_TIMEOUT_MS);
    expect(LOCK_MS).toBeGreaterThan(POST_RESERVE_MS);
  });

  it('let a courier and a last round fit into its function', () => {
    expect(COURIER_BUDGET_MS + LOCK_MS).toBeLessThan(15_000);
  });
});
