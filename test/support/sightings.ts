import type { Centrifuge, StreamPosition, SubscriptionOptions } from 'centrifuge';

/** What an application saw of a channel, one event. */
export type Sighting =
  | {
      readonly kind: 'subscribed';
      readonly position: StreamPosition;
      readonly wasRecovering: boolean;
      readonly recovered: boolean;
    }
  | { readonly kind: 'publication'; readonly offset: number; readonly data: unknown };

/** A publication at its place: the same place is the same publication, for whoever sees it. */
export interface Placed extends StreamPosition {
  readonly data: unknown;
}

interface SubscribedEvent {
  readonly channel: string;
  readonly streamPosition?: StreamPosition;
  readonly wasRecovering: boolean;
  readonly recovered: boolean;
}

interface PublicationEvent {
  readonly channel: string;
  readonly offset?: number;
  readonly data: unknown;
}

/** Follows a client's subscription and writes down every event, in the order in which the application gets them. */
export class Sightings {
  readonly all: Sighting[] = [];

  /** Subscribes; resolves once the client is subscribed for the first time. */
  static async of(
    client: Centrifuge,
    channel: string,
    options: Partial<SubscriptionOptions> = {},
  ): Promise<Sightings> {
    const sightings = new Sightings();
    const subscription = client.newSubscription(channel, options);
    subscription.on('subscribed', (event) => sightings.#subscribed(event));
    subscription.on('publication', (event) => sightings.#published(event));
    subscription.subscribe();
    await subscription.ready(20_000);
    return sightings;
  }

  /** Of a channel that the server subscribes the client to; to be called before the client connects. */
  static ofServerSide(client: Centrifuge, channel: string): Sightings {
    const sightings = new Sightings();
    client.on('subscribed', (event) => {
      if (event.channel === channel) sightings.#subscribed(event);
    });
    client.on('publication', (event) => {
      if (event.channel === channel) sightings.#published(event);
    });
    return sightings;
  }

  get data(): unknown[] {
    return this.all.flatMap((sighting) => (sighting.kind === 'publication' ? [sighting.data] : []));
  }

  get offsets(): number[] {
    return this.all.flatMap((sighting) => (sighting.kind === 'publication' ? [sighting.offset] : []));
  }

  /** How often the client was subscribed, the first time included. */
  get subscribes(): number {
    return this.all.filter(({ kind }) => kind === 'subscribed').length;
  }

  /** Where the application stands: behind the last publication, or where it was subscribed. */
  get position(): StreamPosition | undefined {
    let position: StreamPosition | undefined;
    for (const sighting of this.all) {
      if (sighting.kind === 'subscribed') position = sighting.position;
      else if (position) position = { epoch: position.epoch, offset: sighting.offset };
    }
    return position;
  }

  get placed(): Placed[] {
    let epoch = '';
    return this.all.flatMap((sighting) => {
      if (sighting.kind === 'subscribed') {
        epoch = sighting.position.epoch;
        return [];
      }
      return [{ epoch, offset: sighting.offset, data: sighting.data }];
    });
  }

  #subscribed({ streamPosition, wasRecovering, recovered }: SubscribedEvent): void {
    const position = streamPosition ?? { epoch: '', offset: 0 };
    this.all.push({ kind: 'subscribed', position, wasRecovering, recovered });
  }

  #published({ offset, data }: PublicationEvent): void {
    this.all.push({ kind: 'publication', offset: offset ?? 0, data });
  }
}

/**
 * What breaks the promise to a subscriber: offsets count on by one, none comes twice, and a jump is told by a
 * subscription that says it is not recovered. Empty where all is well.
 */
export function faultsOf(sightings: readonly Sighting[]): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  let position: StreamPosition | undefined;
  for (const sighting of sightings) {
    if (sighting.kind === 'subscribed') {
      if (position) faults.push(...faultsOfReturn(position, sighting));
      position = sighting.position;
      continue;
    }
    const { offset } = sighting;
    const expected = position === undefined ? 'none before a subscription' : String(position.offset + 1);
    if (expected !== String(offset)) faults.push(`offset: expected ${expected}, got ${offset}`);
    const epoch = position?.epoch ?? '';
    const place = `${offset} of epoch ${epoch}`;
    if (seen.has(place)) faults.push(`offset: expected each once, got ${place} again`);
    seen.add(place);
    position = { epoch, offset };
  }
  return faults;
}

function faultsOfReturn(
  before: StreamPosition,
  { position, wasRecovering, recovered }: Extract<Sighting, { kind: 'subscribed' }>,
): string[] {
  if (!wasRecovering) return ['subscription: expected a recovery on every return, got none'];
  if (!recovered || (position.epoch === before.epoch && position.offset === before.offset)) return [];
  return [
    `recovery: expected it from ${before.offset} of epoch ${before.epoch}, got ${position.offset} of epoch ${position.epoch}`,
  ];
}
