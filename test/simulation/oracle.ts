import type { Publication } from './client-protocol';
import type { Application, SubscribedEvent } from './client-world';

/** What a promise was broken by. */
export interface Violation {
  readonly promise: 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'end';
  readonly text: string;
}

interface View {
  epoch: string;
  offset: number;
  /** The publication that the application saw at that offset, if it saw one. */
  last: string | undefined;
}

/** A place in a channel's log. */
function placeOf(channel: string, epoch: string, offset: number): string {
  return `${channel} ${epoch}:${offset}`;
}

/** Judges what applications see of channels against what was appended to them. */
export class Oracle implements Application {
  readonly violations: Violation[] = [];
  /** Publications that were ever appended at a place; the last is there now. Several only where a log was set back. */
  readonly #truth = new Map<string, string[]>();
  readonly #placesOf = new Map<string, Set<string>>();
  /** What any application saw at a place. */
  readonly #seen = new Map<string, string>();
  readonly #views = new Map<string, View>();

  appended(channel: string, epoch: string, offset: number, id: string): void {
    const place = placeOf(channel, epoch, offset);
    this.#truth.set(place, [...(this.#truth.get(place) ?? []), id]);
    this.#placesOf.set(id, (this.#placesOf.get(id) ?? new Set()).add(place));
  }

  /** The publisher was told that it is published. */
  answered(id: string): void {
    if (!this.#placesOf.has(id)) this.#violation('P1', `${id} was answered before it was appended`);
  }

  /** The deliveries queue took it, long ago. */
  accepted(id: string): void {
    if (!this.#placesOf.has(id)) this.#violation('P1', `${id} was accepted and never appended`);
  }

  /** A publication has one place, whatever is delivered twice: where no idempotency results were lost. */
  checkPlaces(): void {
    for (const [id, places] of this.#placesOf) {
      if (places.size > 1) this.#violation('P4', `${id} was appended at ${[...places].join(' and ')}`);
    }
  }

  subscribed(client: string, channel: string, event: SubscribedEvent, early: readonly Publication[]): void {
    const key = `${client} ${channel}`;
    const { epoch, offset, asked, wasRecovering, recovered } = event;
    for (const { offset: dropped, data } of early) {
      if (!this.#truth.get(placeOf(channel, epoch, dropped))?.includes(data)) continue;
      this.#violation('P3', `${key}: publication ${dropped} came before the reply that begins at ${offset}`);
    }
    const view = this.#views.get(key);
    if (recovered) {
      if (view === undefined || view.epoch !== epoch || view.offset !== offset) {
        const had = view ? `${view.epoch}:${view.offset}` : 'none';
        this.#violation('P5', `${key}: recovered from ${epoch}:${offset}, had ${had}`);
      }
      return;
    }
    if (asked && !wasRecovering) {
      this.#violation('P2', `${key}: asked to recover, and the reply does not say that it failed`);
    }
    this.#views.set(key, { epoch, offset, last: undefined });
  }

  publication(client: string, channel: string, offset: number, id: string): void {
    const key = `${client} ${channel}`;
    const view = this.#views.get(key);
    if (view === undefined) {
      this.#violation('P3', `${key}: publication ${offset} without a subscription`);
      return;
    }
    if (offset !== view.offset + 1) {
      this.#violation('P2', `${key}: publication ${offset} after ${view.offset} of ${view.epoch}`);
    } else this.#checkPast(key, channel, view);
    this.#checkContent(key, placeOf(channel, view.epoch, offset), id);
    view.offset = offset;
    view.last = id;
  }

  /** A log that was set back must not grow on under the epoch of those who saw more of it. */
  #checkPast(key: string, channel: string, { epoch, offset, last }: View): void {
    if (last === undefined) return;
    const now = this.#truth.get(placeOf(channel, epoch, offset))?.at(-1);
    if (now === last) return;
    this.#violation('P2', `${key}: goes on after ${epoch}:${offset}, where it saw ${last} and now is ${now}`);
  }

  #checkContent(key: string, place: string, id: string): void {
    if (!this.#truth.get(place)?.includes(id)) {
      this.#violation('P2', `${key}: ${id} at ${place}, where it was never appended`);
    }
    const seen = this.#seen.get(place);
    if (seen !== undefined && seen !== id) {
      this.#violation('P2', `${key}: ${id} at ${place}, where somebody saw ${seen}`);
    }
    this.#seen.set(place, id);
  }

  /** When everything has settled: `top` is what the channel's log says. */
  end(client: string, channel: string, top: { readonly epoch: string; readonly offset: number }): void {
    const view = this.#views.get(`${client} ${channel}`);
    if (view?.epoch === top.epoch && view.offset === top.offset) return;
    const has = view ? `${view.epoch}:${view.offset}` : 'none';
    this.#violation('end', `${client} ${channel}: is at ${has}, the channel at ${top.epoch}:${top.offset}`);
  }

  stuck(client: string, text: string): void {
    this.#violation('end', `${client}: ${text}`);
  }

  #violation(promise: Violation['promise'], text: string): void {
    this.violations.push({ promise, text });
  }
}
