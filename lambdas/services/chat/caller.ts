import { createHash } from 'node:crypto';
import type { Effects, Envelope, JsonValue, PublicationOptions } from '../../service-sdk';
import type { MessageStore, RoomStore } from './store';

/** What the work on one command has at hand. */
export interface Call {
  readonly rooms: RoomStore;
  readonly messages: MessageStore;
  readonly user: string;
  /** Orders commands that contradict each other, and tells one that comes twice (`stampOf`). */
  readonly stamp: string;
  /** Id of the command, the same where its event comes twice. */
  readonly event: string;
  readonly now: () => number;
  readonly rest: (ms: number) => Promise<unknown>;
  readonly publish: (channel: string, data: JsonValue, options?: PublicationOptions) => Promise<void>;
  readonly toUser: Effects['toUser'];
  /** The publication's acceptance is the reply, with these fields and its offset. */
  readonly publishAsReply: (
    channel: string,
    data: JsonValue,
    options: PublicationOptions & { readonly reply: { readonly [key: string]: JsonValue } },
  ) => Promise<void>;
  /** Ends the subscriptions of a user to a channel. */
  readonly unsubscribe: (user: string, channel: string) => Promise<void>;
}

export const chatChannel = (room: string) => `chat:${room}`;
export const typingChannel = (room: string) => `typing:${room}`;

/** The room of a channel `chat:<room>` or `typing:<room>`. */
export const roomOfChannel = (channel: string) => channel.slice(channel.indexOf(':') + 1);

/**
 * Compares as text by when the gateway took a command, then by its place in its connection. Unique, so an equal stamp is the
 * same command again.
 */
export function stampOf({ issuedAt, seq, id }: Pick<Envelope, 'issuedAt' | 'seq' | 'id'>): string {
  return `${String(issuedAt).padStart(15, '0')}.${String(seq).padStart(12, '0')}.${id}`;
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** What makes a send the same one: the client's own id of it, or the command's where the client gives none. */
export function sendKeyOf(user: string, event: string, clientId: string | undefined): string {
  return clientId === undefined ? digest('event', event) : digest('client', user, clientId);
}

/** An id that nobody guesses, and that a repeated event makes again. */
export function roomIdOf(event: string): string {
  return digest('room', event).slice(0, 22);
}
