import type { Delivery } from '../../../lambdas/contract/delivery';
import { DEFAULT_RULES, type NamespaceRules } from '../../../lambdas/contract/registry';
import type { ActionOutcome, Position, ServerApiParts } from '../../../lambdas/gateway/core/server-api/ports';
import { ServerApi } from '../../../lambdas/gateway/core/server-api/server-api';

export const TRACEPARENT = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
export const NOW = Date.UTC(2026, 0, 1);

const ROOM: NamespaceRules = { ...DEFAULT_RULES, historySize: 100, presence: true };

/** A server API on doubles that answer as told, and fail by name. */
export function apiWorld() {
  const failing = new Set<string>();
  const deliveries: Delivery[] = [];
  const actions: string[] = [];
  const frames: string[] = [];
  const lines: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const state = {
    now: NOW,
    /** Looks after which a publication is in the log. */
    looks: 1,
    outcome: 'done' as ActionOutcome,
    posted: 'ok' as 'ok' | 'gone' | 'throttled' | 'failed' | 'unknown',
    namespaces: new Map<string, NamespaceRules>([
      ['room', ROOM],
      ['quiet', DEFAULT_RULES],
    ]),
    appears: undefined as string | undefined,
  };
  const check = (what: string) => {
    if (failing.has(what)) throw new Error(`${what} is away`);
  };
  const looked = new Map<string, number>();
  const act =
    (what: string) =>
    async (connection: string, ...more: unknown[]) => {
      check(what);
      actions.push([what, connection, ...more.map((item) => JSON.stringify(item))].join(' '));
      return state.outcome;
    };
  const parts: ServerApiParts = {
    registry: {
      namespace: async (name) => {
        check('registry');
        return state.namespaces.get(name);
      },
      refresh: async () => {
        if (state.appears) state.namespaces.set(state.appears, ROOM);
      },
    },
    deliveries: {
      send: async (delivery) => {
        check(`send ${delivery.channel}`);
        deliveries.push(delivery);
      },
    },
    logs: {
      published: async (channel, key): Promise<Position | undefined> => {
        check('logs');
        const id = `${channel} ${key}`;
        looked.set(id, (looked.get(id) ?? 0) + 1);
        return (looked.get(id) ?? 0) >= state.looks ? { offset: 7, epoch: 'e' } : undefined;
      },
      history: async () => {
        check('logs');
        return { epoch: 'e', top: 2, entries: [{ offset: 2, publication: '{"data":1}', tag: 't' }] };
      },
      removeHistory: async (channel) => void actions.push(`remove ${channel}`),
    },
    presence: {
      members: async () => (failing.has('listing') ? undefined : [{ user: 'alice', client: 'c' }]),
      counts: async () => ({ clients: 2, users: 1 }),
    },
    users: { of: async (user) => (user === 'alice' ? ['c1', 'c2'] : []) },
    actions: {
      subscribe: act('subscribe'),
      unsubscribe: act('unsubscribe'),
      disconnect: act('disconnect'),
    },
    revocations: { revoke: act('revoke') },
    receipts: {
      of: async (channel, key) => {
        check('receipts');
        const looks = (looked.get(key) ?? 0) + 1;
        looked.set(key, looks);
        if (channel !== 'user:#alice' || looks < state.looks) return undefined;
        return { sockets: looks - state.looks, complete: looks > state.looks, nobody: false };
      },
    },
    census: { connections: async () => 3 },
    poster: {
      post: async (_, frame) => {
        frames.push(frame);
        return state.posted;
      },
    },
    environment: 'dev',
    clock: {
      now: () => state.now,
      sleep: async (milliseconds) => {
        state.now += milliseconds;
      },
    },
    log: (level, message, fields = {}) => void lines.push({ level, message, fields }),
  };
  const api = new ServerApi(parts);
  return { ...{ api, parts, failing, deliveries, actions, frames, lines, state, looked } };
}

export const CONTEXT = { traceparent: TRACEPARENT, by: 'api', madeAt: NOW } as const;
