/** `open`: whoever knows the id may join; `invite`: who was invited by the owner. */
export type Access = 'open' | 'invite';
export type Role = 'owner' | 'member';

export interface Room {
  readonly room: string;
  readonly name: string;
  readonly access: Access;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Every message up to this id is on its way to the channel for certain; later ones may be, too. */
  readonly publishedUpTo: number;
}

/** What a user is to a room. Who has `left` was a member once. */
export interface Member {
  readonly user: string;
  readonly state: 'invited' | 'member' | 'left';
  readonly role: Role;
  /** Stamp of the command that made it so (`stampOf`). */
  readonly stamp: string;
  /** Epoch ms of the last join. */
  readonly joinedAt: number;
  /** Last message when he joined: he is no recipient of that and earlier ones. */
  readonly since: number;
  /** All messages up to this id have been delivered to him. */
  readonly deliveredUpTo: number;
  /** All messages up to this id have been read by him. */
  readonly readUpTo: number;
  /** Epoch ms until which his sends are paid for (GCRA). */
  readonly paidUntil: number;
}

export interface Message {
  /** Counts a room's messages from 1, without gaps. */
  readonly id: number;
  readonly user: string;
  readonly text: string;
  /** Epoch ms at which it was stored. */
  readonly at: number;
  /** Users that it mentions, members when it was sent. */
  readonly mentions: readonly string[];
  /** What makes a repeated send the same one (`sendKeyOf`). */
  readonly sendKey: string;
  readonly clientId?: string;
  /** Counts its edits, and its deletion. */
  readonly revision: number;
  /** Stamp of the last edit. */
  readonly editStamp?: string;
  /** Epoch ms of the last edit. */
  readonly editedAt?: number;
  /** Then `text` is empty. */
  readonly deleted?: true;
}
