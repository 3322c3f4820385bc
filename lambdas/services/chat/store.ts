import type { Member, Message, Room } from './model';

/**
 * What chat keeps of rooms and who is in them. Reads see every write that was answered before. Each write is one item with a
 * condition, so that it may be repeated; none touches two.
 */
export interface RoomStore {
  readonly room: (room: string) => Promise<Room | undefined>;
  readonly member: (room: string, user: string) => Promise<Member | undefined>;
  /** Those in the state `member`. */
  readonly members: (room: string) => Promise<readonly Member[]>;
  /** Of these users, those in the state `member`. */
  readonly membersAmong: (room: string, users: readonly string[]) => Promise<readonly string[]>;
  /** Rooms of which a user is a member, with what he is to them. */
  readonly roomsOf: (user: string) => Promise<readonly { readonly room: string; readonly member: Member }[]>;
  /** Nothing changes where the room exists. */
  readonly createRoom: (room: Room) => Promise<void>;
  /**
   * Who is not in the room, or left it before `stamp`, becomes a member with these cursors. Answers whether he did.
   */
  readonly enter: (room: string, member: Member) => Promise<boolean>;
  /** Who is not in the room, or left it before `stamp`, is invited. Answers whether he was. */
  readonly invite: (room: string, user: string, stamp: string) => Promise<boolean>;
  /** A member since before `stamp` leaves. Answers whether he did. */
  readonly exit: (room: string, user: string, stamp: string) => Promise<boolean>;
  /** Nothing changes for who is no member. */
  readonly makeOwner: (room: string, user: string) => Promise<void>;
  /** Pays for a send: answers whether the rate rule lets it pass. `member` as it was read. */
  readonly pay: (room: string, member: Member, now: number) => Promise<boolean>;
  /** Moves a cursor of a member forward, never back. */
  readonly advance: (
    room: string,
    user: string,
    cursor: 'deliveredUpTo' | 'readUpTo',
    id: number,
  ) => Promise<void>;
}

/** What is noted under the key of a send. */
export interface Sent {
  /** Its message, if it has one, comes after this id. */
  readonly floor: number;
  /** Its message, where the run that added it got so far. */
  readonly id?: number;
}

/** What chat keeps of messages. As `RoomStore`. */
export interface MessageStore {
  /** All that a send looks at, in one read. */
  readonly beforeSend: (
    room: string,
    user: string,
    sendKey: string,
  ) => Promise<{ readonly room?: Room; readonly member?: Member; readonly sent?: Sent }>;
  /** Notes that a send begins. False: a repeat noted it before. */
  readonly beginSend: (room: string, sendKey: string, floor: number) => Promise<boolean>;
  /** Notes which message a send became. */
  readonly endSend: (room: string, sendKey: string, id: number) => Promise<void>;
  readonly sent: (room: string, sendKey: string) => Promise<Sent | undefined>;
  /** Takes an id. False: it is taken. */
  readonly add: (room: string, message: Message) => Promise<boolean>;
  readonly message: (room: string, id: number) => Promise<Message | undefined>;
  /** Messages after an id, ascending; `until` itself included. */
  readonly between: (room: string, after: number, until?: number) => Promise<readonly Message[]>;
  /** Messages before an id, newest first. */
  readonly page: (room: string, before: number, limit: number) => Promise<readonly Message[]>;
  /** Id of the newest message, 0 where there is none. */
  readonly lastId: (room: string) => Promise<number>;
  /** How many of the `most` messages after an id are neither the user's own nor deleted. */
  readonly unread: (room: string, user: string, after: number, most: number) => Promise<number>;
  /** Every message up to this id is on its way to the channel. */
  readonly markPublished: (room: string, id: number) => Promise<void>;
  /** Changes a text, unless a later edit or a deletion came first. Answers whether it did. */
  readonly edit: (
    room: string,
    id: number,
    change: { readonly text: string; readonly at: number; readonly stamp: string },
  ) => Promise<boolean>;
  /** Nothing changes where the message is deleted. */
  readonly remove: (room: string, id: number) => Promise<void>;
}

export interface ChatStore {
  readonly rooms: RoomStore;
  readonly messages: MessageStore;
}
