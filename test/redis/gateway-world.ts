import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SignJWT } from 'jose';
import type { Delivery } from '../../lambdas/contract/delivery';
import type { UnsignedEnvelope } from '../../lambdas/contract/envelope';
import type { UnsignedLifecycleEvent } from '../../lambdas/contract/lifecycle';
import { DEFAULT_RULES, type NamespaceRules } from '../../lambdas/contract/registry';
import { RedisScripts } from '../../lambdas/gateway/core/adapters/redis-scripts';
import { storesOn, withDepartures } from '../../lambdas/gateway/core/adapters/state';
import { systemClock } from '../../lambdas/gateway/core/clock';
import { Authorizations } from '../../lambdas/gateway/core/commands/authorizations';
import { Ingress } from '../../lambdas/gateway/core/commands/ingress';
import { Checkup } from '../../lambdas/gateway/core/connections/checkup';
import { Courier, type CourierRecord } from '../../lambdas/gateway/core/delivery/courier';
import { Drain } from '../../lambdas/gateway/core/delivery/drain';
import { lifecycleTimers } from '../../lambdas/gateway/core/lifecycle/timers';
import type { Namespace, Poster, PostOutcome, TimerHandlers, Wake } from '../../lambdas/gateway/core/ports';
import { testRedis } from '../support/redis';
import { secretTokens } from '../support/secret-tokens';
import { UNLIMITED } from '../support/unlimited';

export const TOKEN_SECRET = new TextEncoder().encode('a secret of the tests, thirty-two bytes long');

export const ROOM: NamespaceRules = {
  ...DEFAULT_RULES,
  subscribe: 'anyone',
  publish: 'direct',
  historySize: 1000,
  historyTtlSeconds: 3600,
  recover: true,
  presence: false,
  flushEverySeconds: 0,
};

export function testScripts(): RedisScripts {
  const { host, port, user, password, caFile } = testRedis();
  return new RedisScripts({
    host,
    port,
    user,
    password: async () => password,
    ca: readFileSync(caFile, 'utf8'),
  });
}

/** Connections that record what was posted; an outcome may be set per connection. */
export class RecordingPoster implements Poster {
  readonly frames = new Map<string, string[]>();
  readonly closed: string[] = [];
  readonly outcomes = new Map<string, PostOutcome>();
  /** Runs before a post is taken. */
  before: (connection: string, frame: string) => Promise<void> = async () => undefined;

  async post(connection: string, frame: string): Promise<PostOutcome> {
    await this.before(connection, frame);
    const outcome = this.outcomes.get(connection) ?? 'ok';
    if (outcome === 'ok') this.frames.set(connection, [...(this.frames.get(connection) ?? []), frame]);
    return outcome;
  }

  async close(connection: string): Promise<PostOutcome> {
    this.closed.push(connection);
    return 'ok';
  }

  /** All messages that a connection got, in order. */
  messages(connection: string): Record<string, unknown>[] {
    return (this.frames.get(connection) ?? []).flatMap((frame) =>
      frame.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>),
    );
  }

  /** Offsets of the publications that a connection got on a channel, in order. */
  offsets(connection: string, channel: string): number[] {
    return this.messages(connection).flatMap((message) => {
      const push = message['push'] as { channel?: string; pub?: { offset: number } } | undefined;
      return push?.channel === channel && push.pub ? [push.pub.offset] : [];
    });
  }
}

/** The core in one process: real Redis, recorded posts, queues and the bus as lists; `rules`: of the namespace `room`. */
export function gatewayWorld({ rules = ROOM, connectionEvents = false } = {}) {
  const scripts = testScripts();
  const log = () => undefined;
  const clock = systemClock;
  const poster = new RecordingPoster();
  const wakes: { wake: Wake; delaySeconds: number }[] = [];
  const deliveries: Delivery[] = [];
  const envelopes: UnsignedEnvelope[] = [];
  const bus = {
    failure: undefined as Error | undefined,
    put: async (envelope: UnsignedEnvelope) => {
      if (bus.failure) throw bus.failure;
      envelopes.push(envelope);
    },
  };
  const wakeQueue = {
    send: async (wake: Wake, delaySeconds: number) => {
      wakes.push({ wake, delaySeconds });
    },
  };
  const stores = withDepartures(storesOn(scripts), { wakes: wakeQueue, clock, log, connectionEvents });
  /** Namespaces beside `room`, by what is different from `ROOM`. */
  const namespaces = new Map<string, Partial<Namespace>>();
  const registry = {
    namespace: async (name: string) => {
      const own = namespaces.get(name);
      if (own) return { ...ROOM, ...own };
      return name === 'room' ? rules : undefined;
    },
    serviceOf: async () => undefined,
    serviceOfRole: async () => undefined,
    queueOf: async () => undefined,
    refresh: async () => undefined,
  };
  const parts = { ...stores, poster, wakes: wakeQueue, registry, clock, log };
  const drain = new Drain(parts);
  const events: UnsignedLifecycleEvent[] = [];
  const lifecycleBus = {
    put: async (some: readonly UnsignedLifecycleEvent[]): Promise<void> => {
      events.push(...some);
    },
  };
  const authorizations = new Authorizations(parts);
  const timers: TimerHandlers = {
    ...lifecycleTimers({ ...parts, lifecycleBus }),
    'authorization-timeout': (wake) => authorizations.timeout(wake),
  };
  const courier = new Courier({
    ...parts,
    drain,
    timers,
    authorizations,
    deadLetters: { send: async () => undefined },
  });
  const ingress = new Ingress({
    ...parts,
    checkup: new Checkup(parts),
    bus,
    deliveries: {
      send: async (delivery: Delivery) => {
        deliveries.push(delivery);
      },
    },
    tokens: secretTokens(async () => TOKEN_SECRET),
    userChannel: false,
    ...UNLIMITED,
    rpcTimeoutMs: 10_000,
  });
  let messages = 0;
  const record = (body: unknown, group?: string): CourierRecord => ({
    messageId: `m${++messages}`,
    body: JSON.stringify(body),
    group,
    receives: 1,
    sentAt: Date.now(),
  });
  return {
    ...parts,
    scripts,
    namespaces,
    envelopes,
    bus,
    drain,
    events,
    lifecycleBus,
    courier,
    ingress,
    deliveries,
    sentWakes: wakes,
    record,
    /** Works the wakes off that were sent, whatever their delay. */
    async runWakes() {
      for (const { wake } of wakes.splice(0)) await courier.handle([record(wake)]);
    },
    /** A connection token. */
    token: (user: string) =>
      new SignJWT({ sub: user, exp: Math.floor(Date.now() / 1000) + 3_600 })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(TOKEN_SECRET),
    /** A connection that a handshake token authenticated. */
    async connected(connection: string) {
      await stores.connections.open(connection, { user: `user-${connection}`, expiresAt: 0, channels: [] });
    },
    publication(channel: string, data: string, key: string): Delivery {
      return {
        v: 1,
        type: 'publication',
        channel,
        data,
        idempotencyKey: key,
        source: 'test',
        publishedAt: Date.now(),
        traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      };
    },
  };
}

/** A name that no other test uses. */
export function unique(prefix: string): string {
  return `${prefix}${randomBytes(6).toString('hex')}`;
}
