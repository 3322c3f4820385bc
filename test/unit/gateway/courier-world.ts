import type { Authorization } from '../../../lambdas/contract/delivery';
import { DEFAULT_RULES, type NamespaceRules } from '../../../lambdas/contract/registry';
import { storesOn, withDepartures } from '../../../lambdas/gateway/core/adapters/state';
import { systemClock } from '../../../lambdas/gateway/core/clock';
import { Courier, type CourierRecord } from '../../../lambdas/gateway/core/delivery/courier';
import { Drain } from '../../../lambdas/gateway/core/delivery/drain';
import type { DeadLetter } from '../../../lambdas/gateway/core/delivery/refusals';
import type { PostOutcome, Wake } from '../../../lambdas/gateway/core/ports';
import type { RedisScript } from '../../../lambdas/gateway/core/redis-script';

export const delivery = (channel: string, more: object = {}) => ({
  v: 1,
  type: 'publication',
  channel,
  data: 'hello',
  idempotencyKey: 'k',
  source: 'test',
  publishedAt: Date.now(),
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  ...more,
});

let ids = 0;
export const record = (body: unknown, group?: string, more: Partial<CourierRecord> = {}): CourierRecord => ({
  messageId: `m${++ids}`,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  group,
  receives: 1,
  sentAt: Date.now(),
  ...more,
});

const ROOM: NamespaceRules = {
  ...DEFAULT_RULES,
  subscribe: 'anyone',
  publish: 'direct',
  historySize: 0,
  historyTtlSeconds: 0,
  recover: false,
  presence: false,
  flushEverySeconds: 0,
};

/** Services by the unique ids of their roles. */
const SERVICES: Readonly<Record<string, string>> = { AROACHAT: 'chat', AROABOTS: 'bots', AROAECHO: 'echo' };

/** A courier on Redis scripts, a poster and queues that answer as told, and fail by name. */
export function courierWorld() {
  const frames: { connection: string; frame: string }[] = [];
  const failing = new Set<string>();
  const appended: string[] = [];
  const drained: string[] = [];
  const steps: string[] = [];
  const lines: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const letters: DeadLetter[] = [];
  const wakes: { wake: Wake; delaySeconds: number }[] = [];
  const outcomes = new Map<string, PostOutcome>();
  const counted: number[] = [];
  const state = { partitions: '0', now: Date.now(), postMs: 0, unproven: true };
  const check = (what: string) => {
    if (failing.has(what)) throw new Error('away');
  };
  const scripts = {
    run: async (script: RedisScript, keys: readonly string[], args: readonly (string | number)[]) => {
      check(script.name);
      check(String(keys[0]));
      if (script.name === 'hf1mark') return 1;
      if (script.name === 'hf1take') {
        counted.push(Number(args[2]));
        return [args[2], '0'];
      }
      if (script.name === 'hf1witness') return ['noted'];
      if (script.name === 'hf1begin') {
        drained.push(String(keys[0]));
        return ['none'];
      }
      const answers = args.slice(6).flatMap((text, index, all) => {
        if (index % 7 > 0) return [];
        if (all[index + 5] !== '' && all[index + 6] === '' && state.unproven) return ['unproven', 0, ''];
        steps.push('append');
        appended.push(String(text));
        return ['appended', appended.length, 'e'];
      });
      return [state.partitions, ...answers];
    },
  };
  const log = (_: string, message: string, fields: Readonly<Record<string, unknown>> = {}) => {
    lines.push({ message, fields });
  };
  const clock = { now: () => state.now, sleep: systemClock.sleep };
  const wakeQueue = {
    send: async (wake: Wake, delaySeconds: number) => {
      check('wakes');
      wakes.push({ wake, delaySeconds });
    },
  };
  const parts = {
    ...withDepartures(storesOn(scripts), { wakes: wakeQueue, clock, log }),
    poster: {
      post: async (connection: string, frame: string) => {
        steps.push('post');
        state.now += state.postMs;
        frames.push({ connection, frame });
        return outcomes.get(connection) ?? ('ok' as const);
      },
      close: async () => 'ok' as const,
    },
    wakes: wakeQueue,
    deadLetters: {
      send: async (letter: DeadLetter) => {
        check('letters');
        letters.push(letter);
      },
    },
    clock,
    log,
    registry: {
      namespace: async (name: string) => {
        check('registry');
        if (name === 'chat') return { ...ROOM, owner: 'chat', publishers: ['bots'] };
        return name === 'room' ? ROOM : undefined;
      },
      serviceOf: async () => undefined,
      serviceOfRole: async (role: string) => {
        check('registry');
        return SERVICES[role];
      },
      refresh: async () => undefined,
    },
  };
  const decided: Authorization[] = [];
  const authorizations = {
    decide: async (authorization: Authorization) => {
      decided.push(authorization);
    },
  };
  const courier = new Courier({ ...parts, drain: new Drain(parts), timers: {}, authorizations });
  return {
    ...{
      courier,
      decided,
      frames,
      failing,
      appended,
      drained,
      steps,
      lines,
      letters,
      wakes,
      outcomes,
      counted,
      state,
    },
    /** Messages that a connection was sent, frame by frame. */
    sent: (to: string) =>
      frames
        .filter(({ connection }) => connection === to)
        .map(({ frame }) => frame.split('\n').map((line) => JSON.parse(line) as unknown)),
  };
}

export const replyTo = (client: string, id: number) => ({ client, id, kind: 'publish' });
export const idsOf = (records: readonly CourierRecord[]) => records.map(({ messageId }) => messageId);
export const wake = (channel: string, partition = 0) => ({ v: 1, type: 'drain', channel, partition });
