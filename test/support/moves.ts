import type { Centrifuge, Subscription } from 'centrifuge';

export interface Move {
  readonly kind: 'join' | 'leave';
  readonly user: string;
  readonly client: string;
}

/** Who joins and leaves a channel, as an application hears of it. */
export class Moves {
  readonly all: Move[] = [];
  readonly subscription: Subscription;

  private constructor(subscription: Subscription) {
    this.subscription = subscription;
    subscription.on('join', ({ info: { user, client } }) => this.all.push({ kind: 'join', user, client }));
    subscription.on('leave', ({ info: { user, client } }) => this.all.push({ kind: 'leave', user, client }));
  }

  /** Subscribes and asks for them; resolves once the client is subscribed. */
  static async of(client: Centrifuge, channel: string): Promise<Moves> {
    const moves = new Moves(client.newSubscription(channel, { joinLeave: true }));
    moves.subscription.subscribe();
    await moves.subscription.ready(10_000);
    return moves;
  }

  /** What one user did. */
  of(user: string): Move['kind'][] {
    return this.all.filter((move) => move.user === user).map(({ kind }) => kind);
  }
}

/** A subscription that is subscribed. */
export async function subscribedTo(client: Centrifuge, channel: string): Promise<Subscription> {
  const subscription = client.newSubscription(channel);
  subscription.subscribe();
  await subscription.ready(10_000);
  return subscription;
}
