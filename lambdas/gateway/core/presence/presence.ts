import type { ClientInfo } from '../../../contract/frames';

/** A client in a channel, by one of its subscriptions. */
export interface Attendance {
  readonly connection: string;
  readonly nonce: string;
}

/** A client that comes into a channel. */
export interface Arrival extends Attendance {
  readonly info: ClientInfo;
  /** Whether its begin and end are told on the bus. */
  readonly lifecycle: boolean;
  /** Whether it is told who joins and leaves. */
  readonly listens: boolean;
}

/** What a look at a channel's members has set off, be it only that leases were over. */
export interface Stir {
  /** Delivery partitions to tell of joins or leaves; 0: nothing to tell. */
  readonly partitions: number;
  /** Events wait for the bus. */
  readonly events: boolean;
}

/** Something that happened to a channel's members, until the bus has taken it. */
export interface PresenceEvent {
  readonly id: string;
  readonly kind: 'subscribed' | 'unsubscribed' | 'occupied' | 'vacated';
  /** Epoch ms. */
  readonly at: number;
  /** Whose subscription it was; of `subscribed` and `unsubscribed`. */
  readonly of?: Attendance & { readonly info: ClientInfo };
  /** Since when the channel is occupied (epoch ms), above that of every former time; of `occupied` and `vacated`. */
  readonly generation?: number;
}

export interface PendingEvents {
  readonly events: readonly PresenceEvent[];
  /** More wait behind them. */
  readonly more: boolean;
  /** The subscription that was asked for stands in the channel. */
  readonly present: boolean;
}

/** Most bytes of a list of members: what a post carries, and room for the frame around it. */
export const MAX_LIST_BYTES = 120 * 1024;

/** Who is in each channel. */
export interface Presence {
  appear(channel: string, arrival: Arrival): Promise<Stir>;
  /** Takes a client away, if it is there by that subscription. */
  vanish(channel: string, attendance: Attendance): Promise<Stir>;
  /** All members; undefined where they are too many or too large to be listed. */
  members(channel: string): Promise<Stir & { readonly listed: readonly ClientInfo[] | undefined }>;
  counts(channel: string): Promise<Stir & { readonly clients: number; readonly users: number }>;
  /** `of`: a subscription that is expected to appear. */
  pendingEvents(channel: string, of: Attendance | undefined): Promise<PendingEvents>;
  forgetEvents(channel: string, ids: readonly string[]): Promise<void>;
}
