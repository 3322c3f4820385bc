import { namespaceOf } from '../../../contract/channel';
import type { UnsignedLifecycleEvent } from '../../../contract/lifecycle';
import type { ConnectedWake, DepartedWake, ReceiptWake } from '../ports';
import type { PresenceEvent } from '../presence/presence';

/** An event of a channel's list as the bus gets it; undefined where parts of it are missing. */
export function channelEvent(
  channel: string,
  { kind, at, of, generation }: PresenceEvent,
): UnsignedLifecycleEvent | undefined {
  const common = { v: 1, kind: 'lifecycle', at, channel, namespace: namespaceOf(channel) } as const;
  switch (kind) {
    case 'subscribed':
    case 'unsubscribed': {
      if (of === undefined) return undefined;
      const { connection, nonce, info } = of;
      const id = `${kind}:${connection}:${nonce}`;
      return { ...common, id, event: kind, client: connection, user: info.user, info };
    }
    case 'occupied':
    case 'vacated':
      if (generation === undefined) return undefined;
      return { ...common, id: `${kind}:${generation}:${channel}`, event: kind, generation };
  }
}

export function connectedEvent({ connection, user, at }: ConnectedWake): UnsignedLifecycleEvent {
  return {
    v: 1,
    kind: 'lifecycle',
    id: `connected:${connection}`,
    event: 'connected',
    at,
    client: connection,
    user,
  };
}

export function disconnectedEvent({
  connection,
  user,
  at,
}: NonNullable<DepartedWake['closed']>): UnsignedLifecycleEvent {
  const id = `disconnected:${connection}`;
  return { v: 1, kind: 'lifecycle', id, event: 'disconnected', at, client: connection, user };
}

export function undeliveredEvent({ user, key, data, from, at }: ReceiptWake): UnsignedLifecycleEvent {
  const id = `undelivered:${key}:${user}`;
  return { v: 1, kind: 'lifecycle', id, event: 'undelivered', at, user, data, from };
}
