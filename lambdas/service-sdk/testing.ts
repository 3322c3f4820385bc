import { randomUUID } from 'node:crypto';
import type { Authorization, Delivery } from '../contract/delivery';
import {
  ENVELOPE_DETAIL_TYPE,
  ENVELOPE_SOURCE,
  type EnvelopeEvent,
  type EnvelopeKind,
} from '../contract/envelope';
import type { Reply } from '../contract/frames';
import type { JsonObject, JsonValue } from '../contract/json';
import { LIFECYCLE_DETAIL_TYPE } from '../contract/lifecycle';
import type { ServiceRequest } from '../contract/server-api';
import { newTraceparent } from '../contract/trace';
import type { LifecycleEvents } from './contexts';
import type { ServiceHandler } from './define-service';
import type { GuardedWrite } from './once';
import { type Platform, withPlatform } from './platform';
import { checkPublication } from './publications';

/**
 * Tests of services without any runtime: events in, effects out. Input is checked, handlers run and errors become replies as they
 * do on the platform; signatures are taken for granted. What a service reads and writes beside `once` is for its tests to give.
 */

/** Who sends a command. Any field of the envelope may be given, `seq` or `deadline` say. */
export interface Sender {
  /** @default alice */
  readonly user?: string;
  /** @default connection-1 */
  readonly client?: string;
  readonly info?: JsonObject;
  /** Id of the envelope. @default - a new one */
  readonly id?: string;
  readonly issuedAt?: number;
  readonly deadline?: number;
  readonly channelInfo?: JsonObject;
}

/** What a handler made of an event. */
export interface Recorded {
  /** The event; `invoke` it again for a repeat. */
  readonly event: unknown;
  /** Answers to the client by a post: one at most, or none where the courier answers. */
  readonly replies: readonly Reply[];
  /** What it published, in that order. */
  readonly publications: readonly Delivery[];
  /** Its answer to a subscribe. */
  readonly authorization: Authorization | undefined;
  /** What it asked the platform to do to connections. */
  readonly requests: readonly { readonly request: ServiceRequest; readonly detail: JsonObject }[];
  /** What it wrote by `once`, for the first time. */
  readonly writes: readonly GuardedWrite[];
  /** What the invocation failed with. */
  readonly failure: unknown;
}

export interface InvokeOptions {
  /** How many sockets take what it sends to users. @default 1 */
  readonly sockets?: number;
  /** The invocation dies at the effect after so many: a crash between two effects. */
  readonly crashAfter?: number;
}

/** The invocation died where a test wanted it to. */
export class CrashError extends Error {
  override readonly name = 'CrashError';

  constructor(effects: number) {
    super(`crashed after ${effects} effects, as the test wanted`);
  }
}

/** A service under test; guards of `once` hold for its life. */
export class TestService {
  readonly #handler: ServiceHandler;
  readonly #done = new Map<string, JsonValue | undefined>();

  constructor(handler: ServiceHandler) {
    this.#handler = handler;
  }

  /** Calls a method, `send` of `chat.send`; a whole name is a call of another service's method, to look on at. */
  rpc(method: string, data: JsonValue = null, sender: Sender = {}): Promise<Recorded> {
    const whole = method.includes('.') ? method : `${this.#handler.serviceName}.${method}`;
    const [service = ''] = whole.split('.');
    return this.invoke(commandEvent('rpc', { ...awaited(), service, method: whole, data, ...sender }));
  }

  publish(channel: string, data: JsonValue, sender: Sender = {}): Promise<Recorded> {
    return this.invoke(commandEvent('publish', { ...this.#awaited(), channel, data, ...sender }));
  }

  subscribe(channel: string, data: JsonValue = null, sender: Sender = {}): Promise<Recorded> {
    const question = randomUUID();
    return this.invoke(commandEvent('subscribe', { ...this.#awaited(), channel, question, data, ...sender }));
  }

  send(data: JsonValue, sender: Sender = {}): Promise<Recorded> {
    return this.invoke(commandEvent('send', { service: this.#handler.serviceName, data, ...sender }));
  }

  /** Tells of a lifecycle event; `fields` are those of `lambdas/contract/lifecycle.ts`. */
  on<Name extends keyof LifecycleEvents>(
    event: Name,
    fields: Omit<LifecycleEvents[Name], 'v' | 'kind' | 'id' | 'at' | 'event'>,
  ): Promise<Recorded> {
    const common = { v: 1, kind: 'lifecycle', id: `${event}:${randomUUID()}`, at: Date.now(), event };
    return this.invoke(eventOf(LIFECYCLE_DETAIL_TYPE, { ...common, ...fields }));
  }

  /** Hands an event to the service. Never rejects: what fails is in `failure`. */
  async invoke(event: unknown, options: InvokeOptions = {}): Promise<Recorded> {
    const recorder = new Recorder(this.#handler.serviceName, this.#done, options);
    const failure = await withPlatform(recorder.platform, () => this.#handler(event)).then(
      () => undefined,
      (error: unknown) => error,
    );
    const { replies, publications, authorizations, requests, writes } = recorder;
    return { event, replies, publications, authorization: authorizations[0], requests, writes, failure };
  }

  #awaited() {
    return { ...awaited(), service: this.#handler.serviceName };
  }
}

/** Keeps what a handler does in the place of the platform. */
class Recorder {
  readonly replies: Reply[] = [];
  readonly publications: Delivery[] = [];
  readonly authorizations: Authorization[] = [];
  readonly requests: { readonly request: ServiceRequest; readonly detail: JsonObject }[] = [];
  readonly writes: GuardedWrite[] = [];
  readonly platform: Platform;
  readonly #crashAfter: number;
  #effects = 0;

  constructor(
    serviceName: string,
    done: Map<string, JsonValue | undefined>,
    { crashAfter = Number.POSITIVE_INFINITY, sockets = 1 }: InvokeOptions,
  ) {
    this.#crashAfter = crashAfter;
    this.platform = {
      environment: 'test',
      serviceName,
      publicKeys: { verify: async () => 'valid' },
      publications: {
        send: async (delivery) => {
          checkPublication(delivery);
          this.#take(this.publications, delivery);
        },
      },
      authorizations: { send: async (authorization) => this.#take(this.authorizations, authorization) },
      replies: {
        send: async (_, reply) => {
          this.#take(this.replies, reply);
          return { outcome: 'sent' };
        },
      },
      requests: { put: async (request, detail) => this.#take(this.requests, { request, detail }) },
      receipts: { sockets: async () => sockets },
      guard: {
        write: async (key, writes, result) => {
          if (done.has(key)) {
            const former = done.get(key);
            return { repeated: true, ...(former !== undefined && { result: former }) };
          }
          this.#take(this.writes, ...writes);
          done.set(key, result);
          return { repeated: false, ...(result !== undefined && { result }) };
        },
      },
    };
  }

  #take<Item>(kept: Item[], ...items: readonly Item[]): void {
    if (this.#effects >= this.#crashAfter) throw new CrashError(this.#effects);
    this.#effects += 1;
    kept.push(...items);
  }
}

const CLIENT_WAITS_MS = 5_000;

function awaited() {
  const issuedAt = Date.now();
  return { commandId: 1, issuedAt, deadline: issuedAt + CLIENT_WAITS_MS };
}

function commandEvent(kind: EnvelopeKind, fields: object): EnvelopeEvent {
  return eventOf(ENVELOPE_DETAIL_TYPE[kind], {
    v: 1,
    kind,
    id: randomUUID(),
    seq: 1,
    client: 'connection-1',
    user: 'alice',
    issuedAt: Date.now(),
    traceparent: newTraceparent(),
    ...fields,
  });
}

/** As it comes over the bus: JSON, without what is undefined. */
function eventOf(detailType: string, detail: object): EnvelopeEvent {
  return JSON.parse(
    JSON.stringify({
      version: '0',
      id: randomUUID(),
      source: ENVELOPE_SOURCE,
      'detail-type': detailType,
      detail: { ...detail, signature: { kid: 'test', value: 'test' } },
    }),
  );
}
