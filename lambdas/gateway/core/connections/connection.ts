import type { JsonValue } from '../../../contract/json';
import type { Position } from '../protocol/commands';
import type { SubscriptionRecord, SubscriptionTraits } from './subscription-record';

/**
 * `pending`: open, but no token was accepted yet. `connected`: commands are served. `closed`: a tombstone; nothing is done
 * for it any more. `absent`: the hash is not there, because it never was or because Redis lost it.
 */
export type ConnectionState = 'pending' | 'connected' | 'closed' | 'absent';

export interface Connection {
  readonly state: ConnectionState;
  /** Who connected; user and channels are empty while pending. Channels of a handshake's token start with the connect command. */
  readonly identity: Identity;
  /** A handshake token authenticated the connection, and no connect command came yet. */
  readonly mayConnectAgain: boolean;
}

/** What a token says about a connection. */
export interface Identity {
  /** Empty: anonymous. */
  readonly user: string;
  /** Epoch seconds at which the connection ends unless it is refreshed; 0: never. */
  readonly expiresAt: number;
  /** Server-side subscriptions. */
  readonly channels: readonly string[];
  /** What the token adds to them, for those to which it adds something. */
  readonly subs?: ReadonlyMap<string, SubscriptionOptions>;
  /** Shown to others, an object as JSON text. */
  readonly info?: string;
  /** Epoch seconds at which the token was made, 0 where it does not say; undefined where it is not at hand. */
  readonly issuedAt?: number;
}

/** What a subscribe asked for, while a service is asked about it. */
export interface Question {
  readonly recover: Position | undefined;
  readonly joinLeave: boolean;
}

export interface Claimed extends Question {
  readonly user: string;
  /** What the connection's token shows of it, an object as JSON text. */
  readonly info: string | undefined;
}

/** How long a subscription may last, and what it shows. */
export interface Permission {
  /** Epoch seconds; 0: never. */
  readonly expiresAt: number;
  /** Shown to others of the channel, an object as JSON text. */
  readonly info?: string;
}

/** What a token adds to a subscription. */
export interface SubscriptionOptions {
  /** Shown to others of the channel, an object as JSON text. */
  readonly info?: string;
  /** For the client, in the reply. */
  readonly data?: JsonValue;
}

/** Where a connection is a member of a channel. `partition` is undefined until the place is known. */
export interface Membership {
  readonly channel: string;
  readonly partition: number | undefined;
  /** Names one subscription; every removal names it, so that a late one cannot remove its successor. */
  readonly nonce: string;
  readonly traits: SubscriptionTraits;
}

/** What a tombstone stands for. */
export interface Closed {
  readonly user: string;
  /** A connect command or a handshake token was accepted. */
  readonly opened: boolean;
  /** Its channels will hear of its end already. */
  readonly departed: boolean;
  readonly memberships: readonly Membership[];
}

/** What is stored of a connection, for who looks after it. Times in epoch ms and, of the expiry, in epoch seconds. */
export interface ConnectionView {
  readonly state: ConnectionState;
  readonly openedAt: number;
  /** 0: never. */
  readonly expiresAt: number;
  readonly subscriptions: readonly SubscriptionRecord[];
}

export type HoldResult = 'held' | 'subscribed' | 'leaving' | 'limit' | 'closed' | 'absent';

/**
 * How many channels a token may name, and how many one connection may subscribe to unless the configuration says otherwise:
 * Centrifugo's default, and what fits into one frame at a reconnect.
 */
export const MAX_SUBSCRIPTIONS = 128;

/**
 * How long a subscribe has a channel that it does not settle: place, join and settle take three seconds each at most. One
 * that died makes the next wait, and a connection can subscribe again after that.
 */
export const HOLD_MS = 10_000;

/**
 * A connection's hash must outlive the connection, which API Gateway ends after two hours; ten minutes more cover clocks
 * and late `$disconnect` events.
 */
export const CONNECTION_TTL_SECONDS = 2 * 3600 + 600;

/** A tombstone must outlive every frame of the connection that is still being worked on: a function runs 30 s at most. */
export const TOMBSTONE_TTL_SECONDS = 600;

/** The hash of each connection, in a slot of its own. */
export interface Connections {
  /**
   * At the handshake; `awaitsConnect`: its client will send a connect command, and nothing is served before. False where
   * `$disconnect` was faster: the connection is closed already.
   */
  open(connection: string, identity: Identity | undefined, awaitsConnect?: boolean): Promise<boolean>;
  /** At an accepted connect command; says whether it was the first. */
  connect(
    connection: string,
    identity: Identity,
    nonce: string,
  ): Promise<'connected' | 'repeated' | 'closed' | 'absent'>;
  /** A new token of the same user: notes its end and what it shows. False where the connection is not connected as that user. */
  refresh(connection: string, identity: Identity): Promise<boolean>;
  /**
   * A new permission for a subscription that its client made: notes its end and what it shows. False where there is no such
   * subscription.
   */
  renewSubscription(connection: string, channel: string, permission: Permission): Promise<boolean>;
  /** The settled subscription to a channel; undefined where there is none. */
  subscription(connection: string, channel: string): Promise<Membership | undefined>;
  /** Has the connection's commands refused until then (epoch ms). */
  hush(connection: string, until: number): Promise<void>;
  /** Next number of the connection's envelopes, from 1. */
  nextSeq(connection: string): Promise<number>;
  /** Takes the channel for a subscription that is being made, for `HOLD_MS` until it is settled. */
  hold(
    connection: string,
    channel: string,
    nonce: string,
    now: number,
    question?: Question,
  ): Promise<HoldResult>;
  /**
   * Takes the channel from the question with that nonce, for a subscription by another nonce. Answers what was asked and who asked,
   * undefined where that question is not open any more: it has been answered, or the subscription was given up.
   */
  claim(connection: string, channel: string, question: string, nonce: string): Promise<Claimed | undefined>;
  /** Notes the partition and the offset from which the subscription counts; `lost` where the subscription was given up or the connection closed meanwhile. */
  settle(connection: string, membership: Membership, startOffset: number): Promise<'settled' | 'lost'>;
  /** Marks the channel as being left; answers the membership to leave, undefined where there is none. */
  leave(connection: string, channel: string, until: number): Promise<Membership | undefined>;
  /**
   * Forgets a subscription: `dropped` it was there, `other` another subscription of that channel has taken its place,
   * `absent` there is none.
   */
  drop(connection: string, channel: string, nonce: string): Promise<'dropped' | 'other' | 'absent'>;
  /** When the handshake opened it (epoch ms); undefined where nothing is known of it any more. */
  openedAt(connection: string): Promise<number | undefined>;
  /** All that is stored of it. */
  view(connection: string): Promise<ConnectionView>;
  /** What the connection is a member of: settled subscriptions that nobody leaves. */
  memberships(connection: string): Promise<readonly Membership[]>;
  /** Puts up the tombstone, deletes waiting frames and answers what the connection was a member of. May be repeated. */
  close(connection: string): Promise<Closed>;
  /** Whether the connection was accepted, be it closed by now. */
  wasConnected(connection: string): Promise<boolean>;
  /** Notes on the tombstone that its channels will hear of its end. */
  departed(connection: string): Promise<void>;
}
