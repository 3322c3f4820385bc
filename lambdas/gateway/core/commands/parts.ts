import type { LimitRules } from '../../../contract/limit-rules';
import type { TokenVerifier } from '../auth/token-verifier';
import type { Connections } from '../connections/connection';
import type { Departures } from '../connections/departures';
import type { Channels } from '../delivery/channels';
import type { Partitions } from '../delivery/partitions';
import type { Receipts } from '../delivery/receipts';
import type { Inbox } from '../inbox/inbox';
import type { NoteLimit } from '../limits/limit-notes';
import type { PostCount } from '../limits/post-count';
import type { Rates } from '../limits/rates';
import type { Users } from '../limits/users';
import type { DueSet } from '../liveness/due-set';
import type { Bus, Clock, DeliveryQueue, Log, Poster, Registry, Routes, WakeQueue } from '../ports';
import type { Roster } from '../presence/roster';

export type CommandLimits = Pick<
  LimitRules,
  'commandsPerSecond' | 'commandBurst' | 'commandsPerSecondOfUser'
>;

/** Everything that commands are served with. */
export interface CommandParts {
  readonly connections: Connections;
  readonly inbox: Inbox;
  readonly channels: Channels;
  readonly partitions: Partitions;
  readonly receipts: Pick<Receipts, 'note'>;
  readonly departures: Departures;
  readonly roster: Roster;
  /** Whether begins and ends of connections are told on the bus. */
  readonly connectionEvents: boolean;
  readonly due: Pick<DueSet, 'note'>;
  readonly users: Pick<Users, 'enter' | 'leave' | 'isRevoked'>;
  readonly rates: Pick<Rates, 'commands'>;
  readonly limits: CommandLimits;
  readonly noteLimit: NoteLimit;
  /** What a connect reply says about pings; 0: nothing. */
  readonly pingSeconds: number;
  readonly registry: Registry & Routes;
  readonly poster: Poster;
  /** Counts what others post, of whom the gateway hears nothing. */
  readonly postCount: Pick<PostCount, 'add'>;
  readonly bus: Bus;
  readonly deliveries: DeliveryQueue;
  readonly wakes: WakeQueue;
  readonly tokens: Pick<TokenVerifier, 'connection' | 'subscription'>;
  /** Verifies that the connection's subscriptions are still what their partitions know. */
  readonly checkup: { run(connection: string): Promise<void> };
  /** Whether each connection is subscribed to the channel of its user. */
  readonly userChannel: boolean;
  /** Takes what clients send; undefined: nobody does. */
  readonly sendService?: string | undefined;
  readonly rpcTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** What subscriptions are made with, whoever makes them. */
export type SubscriptionParts = Pick<
  CommandParts,
  | 'connections'
  | 'channels'
  | 'partitions'
  | 'receipts'
  | 'departures'
  | 'roster'
  | 'due'
  | 'poster'
  | 'wakes'
  | 'clock'
  | 'log'
>;
