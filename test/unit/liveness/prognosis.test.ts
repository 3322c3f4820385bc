import { PLANNED_SPREAD } from '../../../lambdas/contract/liveness-rules';
import type { ConnectionView } from '../../../lambdas/gateway/core/connections/connection';
import {
  NO_TRAITS,
  type SubscriptionRecord,
} from '../../../lambdas/gateway/core/connections/subscription-record';
import { DUE_SHARDS, dueShardOf } from '../../../lambdas/gateway/core/liveness/due-set';
import {
  EXPIRY_GRACE_MS,
  plannedReconnectAt,
  prognosisOf,
} from '../../../lambdas/gateway/core/liveness/prognosis';

const RULES = { pingSeconds: 540, keepAliveSeconds: 420, plannedReconnectSeconds: 6600, pendingSeconds: 10 };
const OPENED = 1_800_000_000_000;
const ENDS = OPENED / 1000 + 600;

const connected: ConnectionView = { state: 'connected', openedAt: OPENED, expiresAt: 0, subscriptions: [] };
const prognosis = (view: Partial<ConnectionView>, age: number) =>
  prognosisOf('conn=', { ...connected, ...view }, RULES, OPENED + age);

function subscription(expiresAt: number, stage: SubscriptionRecord['stage'] = 'settled'): SubscriptionRecord {
  return {
    channel: `room:${expiresAt}`,
    partition: 0,
    nonce: 'n',
    traits: { ...NO_TRAITS, expiresAt },
    stage,
    start: 0,
  };
}

describe('what is due for a connection', () => {
  it.each(['absent', 'closed'] as const)('ends one whose state is %s with 3010', (state) => {
    expect(prognosis({ state }, 5_000)).toMatchObject({ result: 'end', disconnect: { code: 3010 } });
  });

  it('waits for the connect command, and ends with 3502 where none came', () => {
    expect(prognosis({ state: 'pending' }, 9_999)).toEqual({ result: 'wait', at: OPENED + 10_000 });
    expect(prognosis({ state: 'pending' }, 10_000)).toMatchObject({ disconnect: { code: 3502 } });
  });

  it('ends an expired one with 3005, but not within the grace', () => {
    const end = 600_000 + EXPIRY_GRACE_MS;
    expect(prognosis({ expiresAt: ENDS }, end - 1)).toMatchObject({ result: 'live', at: OPENED + end });
    expect(prognosis({ expiresAt: ENDS }, end)).toMatchObject({ disconnect: { code: 3005 } });
  });

  it('ends an old one with 3001', () => {
    const planned = plannedReconnectAt('conn=', OPENED, RULES);
    expect(prognosis({}, planned - OPENED - 1)).toMatchObject({ result: 'live', at: planned });
    expect(prognosis({}, planned - OPENED)).toMatchObject({ disconnect: { code: 3001 } });
  });

  it('names the subscriptions that are expired, and looks again when the next one is', () => {
    const subscriptions = [subscription(0), subscription(ENDS), subscription(ENDS + 60)];
    const end = 600_000 + EXPIRY_GRACE_MS;
    expect(prognosis({ subscriptions }, end - 1)).toEqual({ result: 'live', at: OPENED + end, expired: [] });
    expect(prognosis({ subscriptions }, end)).toEqual({
      result: 'live',
      at: OPENED + end + 60_000,
      expired: [subscription(ENDS)],
    });
  });

  it('leaves alone what is being left or made', () => {
    const subscriptions = [subscription(ENDS, 'leaving'), subscription(ENDS, 'held')];
    expect(prognosis({ subscriptions }, 3_600_000)).toMatchObject({ expired: [] });
  });
});

describe('many connections', () => {
  const ids = Array.from({ length: 20_000 }, (_, index) =>
    Buffer.from(`${index * 7919}conn`).toString('base64'),
  );

  it('are spread over the time of planned reconnects', () => {
    const ages = ids.map((id) => (plannedReconnectAt(id, 0, RULES) / 1000 - 6600) / (6600 * PLANNED_SPREAD));
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...ages)).toBeLessThanOrEqual(1);
    const tenths = Array<number>(10).fill(0);
    for (const age of ages) {
      const tenth = Math.min(9, Math.floor((age + 1) * 5));
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(300);
  });

  it('are spread over the shards', () => {
    const shards = Array<number>(DUE_SHARDS).fill(0);
    for (const id of ids) shards[dueShardOf(id)] = (shards[dueShardOf(id)] ?? 0) + 1;
    expect(Math.min(...shards)).toBeGreaterThan(0);
    expect(Math.max(...shards)).toBeLessThan(3 * (ids.length / DUE_SHARDS));
  });
});
