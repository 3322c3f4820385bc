import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Delivery } from '../../../lambdas/contract/delivery';
import type { EnvelopeEvent } from '../../../lambdas/contract/envelope';
import type { JsonObject, JsonValue } from '../../../lambdas/contract/json';
import { chatService } from '../../../lambdas/services/chat/service';
import type { ChatStore } from '../../../lambdas/services/chat/store';
import { memoryStore } from '../../support/chat/memory-store';
import { bus, commandOf, envelopeOf, eventOf, posts, queue } from '../service-sdk/platform-double';

/** What a client is answered. */
export type Answer =
  | { readonly data: JsonObject }
  | { readonly error: { readonly code: number; readonly message: string } };

interface Published {
  readonly offset: number;
  readonly key: string;
  readonly data: JsonObject;
}

/** Something between the service and what it writes to: may wait, and may throw before or after it has written. */
export type Fault = (written: () => Promise<unknown>, to: 'store' | 'queue' | 'bus') => Promise<unknown>;

const honest: Fault = (written) => written();

function faulty<Port extends object>(port: Port, fault: () => Fault): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]) => fault()(() => Reflect.apply(method, target, given), 'store');
    },
  });
}

/** The chat service on a store in memory, with a queue and a courier that do what theirs promise. */
export class ChatWorld {
  readonly store: ChatStore = memoryStore();
  readonly channels = new Map<string, Published[]>();
  /** Lies between the service and store and queue. */
  fault: Fault = honest;
  readonly #answers = new Map<number, Answer>();
  readonly #queued = new Set<string>();
  readonly #handler;
  #commands = 0;

  constructor() {
    const through = () => this.fault;
    const store = {
      rooms: faulty(this.store.rooms, through),
      messages: faulty(this.store.messages, through),
    };
    this.#handler = chatService(() => store);
    queue
      .on(SendMessageCommand)
      .callsFake(async ({ MessageBody, MessageDeduplicationId, MessageGroupId }) => {
        const name = `${MessageGroupId} ${MessageDeduplicationId}`;
        await this.fault(async () => this.#accept(name, MessageBody), 'queue');
        return {};
      });
    bus
      .on(PutEventsCommand)
      .callsFake(() => this.fault(async () => ({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] }), 'bus'));
  }

  /** One command of a user, whose event comes as often as asked; answers what the client gets, 100 where the function failed. */
  async call(
    user: string,
    method: string,
    data: JsonValue,
    { times = 1, ...change }: { times?: number; issuedAt?: number } = {},
  ): Promise<Answer> {
    const commandId = ++this.#commands;
    const envelope = envelopeOf(`chat.${method}`, data, { user, client: `of-${user}`, commandId, ...change });
    const event = eventOf(envelope);
    return this.deliver(event, commandId, times);
  }

  async deliver(event: EnvelopeEvent, commandId: number, times = 1): Promise<Answer> {
    const runs = await Promise.allSettled(Array.from({ length: times }, () => this.#handler(event)));
    const posted = posts().find(({ frame }) => (frame as { id: number }).id === commandId)?.frame as
      | { error?: { code: number; message: string }; rpc?: { data: JsonObject } }
      | undefined;
    if (posted?.error) return { error: posted.error };
    if (posted?.rpc) return { data: posted.rpc.data };
    const answer = this.#answers.get(commandId);
    if (answer) return answer;
    expect(runs.some(({ status }) => status === 'rejected')).toBe(true);
    return { error: { code: 100, message: 'internal server error' } };
  }

  /** As `call`, for a command that is taken; answers its data. */
  async done(user: string, method: string, data: JsonValue): Promise<JsonObject> {
    const answer = await this.call(user, method, data);
    if ('error' in answer) throw new Error(`chat.${method}: expected a reply, got ${answer.error.message}`);
    return answer.data;
  }

  /** The code with which a user is kept out of a channel, or what he is given. */
  async subscribe(user: string, channel: string): Promise<unknown> {
    const before = queue.commandCalls(SendMessageCommand).length;
    await this.#handler(eventOf(commandOf('chat', 'subscribe', {}, { user, channel })));
    const sent = queue.commandCalls(SendMessageCommand)[before]?.args[0].input.MessageBody ?? '{}';
    const { allow, deny } = JSON.parse(sent);
    return deny?.code ?? allow;
  }

  /** A room of its owner and members. */
  async room(owner: string, members: readonly string[] = [], more: JsonObject = {}): Promise<string> {
    const { room } = await this.done(owner, 'createRoom', { name: 'Tea', ...more });
    for (const user of members) await this.done(user, 'join', { room: room ?? null });
    return String(room);
  }

  published(channel: string): JsonObject[] {
    return (this.channels.get(channel) ?? []).map(({ data }) => data);
  }

  /** Channels of which a user was unsubscribed. */
  ended(user: string): string[] {
    const requests = bus
      .commandCalls(PutEventsCommand)
      .flatMap(({ args }) => args[0].input.Entries ?? [])
      .filter(({ DetailType }) => DetailType === 'holdfast.unsubscribe')
      .map(({ Detail }) => JSON.parse(Detail ?? '{}'));
    return requests.filter((request) => request.user === user).map(({ channel }) => channel);
  }

  /** The FIFO queue drops what has the id of a former message; the courier appends a key once, and answers. */
  #accept(name: string, body = ''): void {
    if (this.#queued.has(name)) return;
    this.#queued.add(name);
    const delivery: Delivery = JSON.parse(body);
    if (delivery.type !== 'publication') return;
    const { channel, idempotencyKey: key, reply } = delivery;
    const log = this.channels.get(channel) ?? [];
    this.channels.set(channel, log);
    let entry = log.find((former) => former.key === key);
    if (entry === undefined) {
      entry = { offset: log.length + 1, key, data: delivery.data as JsonObject };
      log.push(entry);
    }
    if (reply) this.#answers.set(reply.id, { data: { ...reply.data, offset: entry.offset } });
  }
}
