import {
  backoff,
  CONNECTION_CLOSED,
  type CommandError,
  isRetried,
  type Message,
  type Publication,
  reconnects,
  type SubscribeReply,
  TIMED_OUT,
} from './client-protocol';
import { SubscriptionModel } from './client-subscription';
import { type Call, type ClientOptions, eventOf, type Link, recoveryOf, type Socket } from './client-world';

interface ServerSubscription {
  epoch: string;
  offset: number;
  readonly recoverable: boolean;
}

const TIMEOUT_MS = 5_000;

/** What centrifuge-js 5.8 does, as far as order and recovery go; `conformance.test.ts` holds it against the real one. */
export class ClientModel implements Link {
  readonly options: ClientOptions;
  readonly #subscriptions = new Map<string, SubscriptionModel>();
  readonly #serverSubs = new Map<string, ServerSubscription>();
  #calls = new Map<number, Call>();
  #connection = '';
  #connections = 0;
  #state: 'disconnected' | 'connecting' | 'connected' = 'disconnected';
  #open = false;
  #attempts = 0;
  #ids = 0;

  constructor(options: ClientOptions) {
    this.options = options;
  }

  get name(): string {
    return this.options.name;
  }

  get connection(): string {
    return this.#connection;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Channels whose publications the application counts on now. */
  get channels(): readonly string[] {
    const own = [...this.#subscriptions].filter(([, { state }]) => state !== 'unsubscribed');
    return [...own.map(([channel]) => channel), ...this.options.serverSide];
  }

  /** Connected, and everything subscribed that is to be. */
  get settled(): boolean {
    return (
      this.#state === 'connected' &&
      [...this.#subscriptions.values()].every(({ state }) => state !== 'subscribing') &&
      this.options.serverSide.every((channel) => this.#serverSubs.has(channel))
    );
  }

  connect(): void {
    if (this.#state !== 'disconnected') return;
    this.#state = 'connecting';
    this.#attempts = 0;
    this.#dial();
  }

  /** `anew`: with a new subscription, which knows no position. */
  subscribe(channel: string, anew: boolean): void {
    const former = this.#subscriptions.get(channel);
    if (former && former.state !== 'unsubscribed') return;
    // New ones come last in the order in which a new connection subscribes.
    if (anew) this.#subscriptions.delete(channel);
    const subscription = this.#subscriptions.get(channel) ?? new SubscriptionModel(channel, this);
    this.#subscriptions.set(channel, subscription);
    subscription.subscribe();
  }

  unsubscribe(channel: string): void {
    this.#subscriptions.get(channel)?.unsubscribe();
  }

  /** `ended` gets the error of a publish that failed. */
  publish(channel: string, data: string, ended: (error: CommandError | undefined) => void): void {
    if (this.#state !== 'connected') return;
    const call = { done: () => ended(undefined), failed: ended };
    this.send([this.call({ publish: { channel, data } }, call)]);
  }

  /** A frame that asks for nothing else. */
  ping(): void {
    if (this.#state !== 'connected') return;
    this.send([this.call({ ping: {} }, { done: () => undefined, failed: () => undefined })]);
  }

  /** The network is gone for a moment: the socket closes at both ends. */
  cut(): void {
    if (this.#open) this.#disconnect(true);
  }

  reconnect(): void {
    this.#disconnect(true);
  }

  call(command: object, call: Call): object {
    const id = ++this.#ids;
    const calls = this.#calls;
    calls.set(id, call);
    this.options.wire.after(TIMEOUT_MS, 'time-out of a command', () => {
      if (calls.delete(id)) call.failed(TIMED_OUT);
    });
    return { ...command, id };
  }

  send(commands: readonly object[]): void {
    if (commands.length === 0) return;
    const text = commands.map((command) => JSON.stringify(command)).join('\n');
    this.options.wire.frame(this.#connection, text);
  }

  #dial(): void {
    const connection = `${this.name}-${++this.#connections}`;
    const isCurrent = () => this.#connection === connection;
    this.#connection = connection;
    const socket: Socket = {
      receive: (frame) => this.#receive(frame, isCurrent),
      closed: () => {
        if (isCurrent()) this.#disconnect(true);
      },
    };
    const { wire, name, token, serverSide } = this.options;
    const identity = token === undefined ? { user: name, channels: serverSide } : undefined;
    wire.connect(connection, identity, socket, () => {
      if (isCurrent()) this.#opened();
      else wire.close(connection);
    });
    wire.after(TIMEOUT_MS, 'time-out of a handshake', () => {
      if (isCurrent() && !this.#open) this.#disconnect(true);
    });
  }

  #opened(): void {
    this.#open = true;
    const commands = [this.#connectCommand(), ...this.#waiting()];
    if (this.options.splits()) for (const command of commands) this.send([command]);
    else this.send(commands);
  }

  #waiting(): readonly object[] {
    return [...this.#subscriptions.values()].flatMap((subscription) => subscription.waiting());
  }

  #connectCommand(): object {
    const subs: Record<string, object> = {};
    for (const [channel, subscription] of this.#serverSubs) {
      if (subscription.recoverable) subs[channel] = recoveryOf(subscription);
    }
    const { token } = this.options;
    const connect = { ...(token && { token }), ...(Object.keys(subs).length > 0 && { subs }) };
    const failed = (error: CommandError) => {
      if (this.#state !== 'connecting' || error === CONNECTION_CLOSED) return;
      if (!isRetried(error)) this.#stuck(`connect refused with ${error.code}`);
      this.#disconnect(isRetried(error));
    };
    return this.call({ connect }, { done: (message) => this.#connected(message), failed });
  }

  #connected({ connect }: Message): void {
    const subs = connect?.subs ?? {};
    this.#attempts = 0;
    if (this.#state !== 'connecting') return;
    this.#state = 'connected';
    this.send(this.#waiting());
    for (const [channel, reply] of Object.entries(subs)) this.#serverSubscribed(channel, reply);
    for (const [channel, { recovered = false, publications = [] }] of Object.entries(subs)) {
      if (recovered) for (const publication of publications) this.#deliver(channel, publication);
    }
    for (const channel of this.options.serverSide) {
      if (channel in subs) continue;
      this.#serverSubs.delete(channel);
      this.#stuck(`server-side subscription ${channel} is missing after a connect`);
    }
  }

  #serverSubscribed(channel: string, reply: SubscribeReply): void {
    const { epoch = '', offset = 0, recoverable = false } = reply;
    const asked = this.#serverSubs.get(channel)?.recoverable === true;
    this.#serverSubs.set(channel, { epoch, offset, recoverable });
    this.options.application.subscribed(this.name, channel, eventOf(reply, asked), []);
  }

  #deliver(channel: string, { offset, data }: Publication): void {
    const subscription = this.#serverSubs.get(channel);
    if (subscription === undefined) return;
    this.options.application.publication(this.name, channel, offset, data);
    subscription.offset = offset;
  }

  #receive(frame: string, isCurrent: () => boolean): void {
    for (const line of frame.split('\n')) {
      // A message may end the connection that the rest of its frame belongs to.
      if (!isCurrent()) return;
      const message = JSON.parse(line) as Message;
      if (message.push) this.#pushed(message.push);
      else if (message.id !== undefined) this.#replied(message.id, message);
    }
  }

  #replied(id: number, message: Message): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    if (message.error) call.failed(message.error);
    else call.done(message);
  }

  #pushed({ channel = '', pub, unsubscribe, disconnect }: NonNullable<Message['push']>): void {
    const own = this.#subscriptions.get(channel);
    // While a server-side subscription has the channel, an own one that is not subscribed has no share in it.
    const subscription =
      own && (own.state === 'subscribed' || !this.#serverSubs.has(channel)) ? own : undefined;
    if (pub) {
      if (subscription) subscription.published(pub);
      else this.#deliver(channel, pub);
    } else if (unsubscribe) {
      if (subscription) subscription.told(unsubscribe.code);
      else if (this.#serverSubs.delete(channel))
        this.#stuck(`${channel} unsubscribed with ${unsubscribe.code}`);
    } else if (disconnect) {
      if (!reconnects(disconnect.code)) this.#stuck(`disconnected with ${disconnect.code}`);
      this.#disconnect(reconnects(disconnect.code));
    }
  }

  #disconnect(reconnect: boolean): void {
    if (this.#state === 'disconnected') return;
    const connection = this.#connection;
    const wasConnected = this.#state === 'connected';
    this.#connection = '';
    this.#open = false;
    this.#state = reconnect ? 'connecting' : 'disconnected';
    this.options.wire.close(connection);
    const calls = this.#calls;
    this.#calls = new Map();
    for (const call of calls.values()) call.failed(CONNECTION_CLOSED);
    calls.clear();
    if (wasConnected) for (const subscription of this.#subscriptions.values()) subscription.interrupted();
    if (!reconnect) return;
    this.options.wire.after(backoff(this.#attempts++, this.options.random), 'reconnect', () => {
      if (this.#state === 'connecting' && this.#connection === '') this.#dial();
    });
  }

  #stuck(text: string): void {
    this.options.application.stuck(this.name, text);
  }
}
