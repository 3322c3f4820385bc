import type { Connections } from '../connections/connection';
import type { Departures } from '../connections/departures';
import type { Channels } from '../delivery/channels';
import type { Partitions } from '../delivery/partitions';
import type { Inbox } from '../inbox/inbox';
import type { Bus, Clock, DeliveryQueue, Log, Poster, Registry, WakeQueue } from '../ports';

/** Everything that commands are served with. */
export interface CommandParts {
  readonly connections: Connections;
  readonly inbox: Inbox;
  readonly channels: Channels;
  readonly partitions: Partitions;
  readonly departures: Departures;
  readonly registry: Registry;
  readonly poster: Poster;
  readonly bus: Bus;
  readonly deliveries: DeliveryQueue;
  readonly wakes: WakeQueue;
  readonly tokenSecret: () => Promise<Uint8Array>;
  /** Verifies that the connection's subscriptions are still what their partitions know. */
  readonly checkup: { run(connection: string): Promise<void> };
  /** Whether each connection is subscribed to the channel of its user. */
  readonly userChannel: boolean;
  readonly rpcTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}
