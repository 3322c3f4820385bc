import {
  backoff,
  CONNECTION_CLOSED,
  type CommandError,
  isRetried,
  type Publication,
  type SubscribeReply,
  TIMED_OUT,
} from './client-protocol';
import { eventOf, type Link, recoveryOf } from './client-world';

/** A subscription of the application, as centrifuge-js has it. */
export class SubscriptionModel {
  readonly #channel: string;
  readonly #link: Link;
  #state: 'unsubscribed' | 'subscribing' | 'subscribed' = 'unsubscribed';
  #inFlight = false;
  /** Counts the application's unsubscribes: a reply to what was before changes nothing. */
  #flow = 0;
  #attempts = 0;
  /** Names the delay that runs before the next subscribe. */
  #delay: number | undefined;
  #delays = 0;
  #position: { epoch: string; offset: number } | undefined;
  #early: Publication[] = [];

  constructor(channel: string, link: Link) {
    this.#channel = channel;
    this.#link = link;
  }

  get state() {
    return this.#state;
  }

  subscribe(): void {
    if (this.#state === 'subscribed') return;
    if (this.#state === 'unsubscribed') this.#attempts = 0;
    this.#toSubscribing();
  }

  unsubscribe(): void {
    if (this.#state === 'unsubscribed') return;
    const sends = this.#state === 'subscribed' || this.#inFlight;
    this.#toUnsubscribed();
    if (!sends || !this.#link.isOpen) return;
    const failed = (error: CommandError) => {
      if (error !== CONNECTION_CLOSED) this.#link.reconnect();
    };
    const command = { unsubscribe: { channel: this.#channel } };
    this.#link.send([this.#link.call(command, { done: () => undefined, failed })]);
  }

  /** The command that an opened or connected connection still has to send for this subscription. */
  waiting(): readonly object[] {
    return this.#state === 'subscribing' && !this.#inFlight && this.#delay === undefined ? [this.#ask()] : [];
  }

  /** The connection ended. */
  interrupted(): void {
    if (this.#state === 'subscribed') this.#toSubscribing();
  }

  published(publication: Publication): void {
    if (this.#state === 'subscribed') this.#deliver(publication);
    else if (this.#inFlight) this.#early.push(publication);
  }

  /** An unsubscribe push; one for a former subscription changes nothing. */
  told(code: number): void {
    if (this.#state !== 'subscribed') return;
    if (code >= 2500) this.#toSubscribing();
    else this.#end(`unsubscribed with ${code}`);
  }

  #toSubscribing(): void {
    if (this.#state === 'subscribing') return;
    this.#state = 'subscribing';
    this.#sendSubscribe();
  }

  #toUnsubscribed(): void {
    this.#state = 'unsubscribed';
    this.#inFlight = false;
    this.#delay = undefined;
    this.#attempts = 0;
    this.#flow++;
  }

  #end(text: string): void {
    const { application, name } = this.#link.options;
    this.#toUnsubscribed();
    application.stuck(name, `${this.#channel} ${text}`);
  }

  #sendSubscribe(): void {
    if (this.#link.isOpen && !this.#inFlight) this.#link.send([this.#ask()]);
  }

  #ask(): object {
    const flow = this.#flow;
    const asked = this.#position !== undefined;
    this.#inFlight = true;
    this.#early = [];
    const recovery = this.#position && recoveryOf(this.#position);
    const wish = this.#link.options.joinLeave && { join_leave: true };
    return this.#link.call(
      { subscribe: { channel: this.#channel, ...recovery, ...wish } },
      {
        done: ({ subscribe = {} }) => {
          if (flow === this.#flow) this.#subscribed(subscribe, asked);
        },
        failed: (error) => {
          if (flow === this.#flow) this.#failed(error);
        },
      },
    );
  }

  #subscribed(reply: SubscribeReply, asked: boolean): void {
    const { application, name } = this.#link.options;
    const { epoch = '', offset = 0, recoverable = false, publications = [] } = reply;
    this.#inFlight = false;
    if (this.#state !== 'subscribing') return;
    this.#attempts = 0;
    this.#delay = undefined;
    this.#state = 'subscribed';
    this.#position = recoverable ? { epoch, offset } : undefined;
    const end = publications.at(-1)?.offset ?? offset;
    const early = this.#early.filter((publication) => publication.offset > end);
    application.subscribed(name, this.#channel, eventOf(reply, asked), early);
    for (const publication of publications) this.#deliver(publication);
  }

  #deliver({ offset, data }: Publication): void {
    const { application, name } = this.#link.options;
    application.publication(name, this.#channel, offset, data);
    if (this.#position) this.#position.offset = offset;
  }

  #failed(error: CommandError): void {
    this.#inFlight = false;
    if (this.#state !== 'subscribing' || error === CONNECTION_CLOSED) return;
    if (error === TIMED_OUT) this.#link.reconnect();
    else if (isRetried(error)) this.#retry();
    else this.#end(`refused with ${error.code}`);
  }

  #retry(): void {
    const { wire, random } = this.#link.options;
    const delay = ++this.#delays;
    this.#delay = delay;
    wire.after(backoff(this.#attempts++, random), 'resubscribe', () => {
      if (this.#delay !== delay) return;
      this.#delay = undefined;
      if (this.#state === 'subscribing') this.#sendSubscribe();
    });
  }
}
