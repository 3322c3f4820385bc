import type { Member, Message, Room } from '../model';
import { CLIENT_ID_SECONDS } from '../rules';
import type { MessageStore, Sent } from '../store';
import { type Item, memberOf, messageOf, roomOf, sentOf } from './items';
import { memberKey, messageKey, messageSort, roomKey, roomPartition, sendKey } from './keys';
import type { Table } from './table';

const LAST = Number.MAX_SAFE_INTEGER;

/** Messages and sends in the table of chat (`keys.ts`). */
export class DynamoDbMessageStore implements MessageStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async beforeSend(
    room: string,
    user: string,
    key: string,
  ): Promise<{ room?: Room; member?: Member; sent?: Sent }> {
    const keys = [roomKey(room), memberKey(room, user), sendKey(room, key)] as const;
    const items = await this.#table.getAll(keys);
    const found = ({ sk }: { readonly sk: string }) => items.find((item) => item['sk']?.S === sk);
    const [known, member, sent] = [found(keys[0]), found(keys[1]), found(keys[2])];
    return {
      ...(known ? { room: roomOf(known) } : {}),
      ...(member ? { member: memberOf(member) } : {}),
      ...(sent ? { sent: sentOf(sent) } : {}),
    };
  }

  beginSend(room: string, key: string, floor: number): Promise<boolean> {
    const expiresAt = Math.floor(Date.now() / 1000) + CLIENT_ID_SECONDS;
    return this.#table.add(sendKey(room, key), { floor, expiresAt });
  }

  async endSend(room: string, key: string, id: number): Promise<void> {
    await this.#table.change(sendKey(room, key), {
      update: 'SET #id = :id',
      when: 'attribute_exists(pk)',
      values: { id },
    });
  }

  async sent(room: string, key: string): Promise<Sent | undefined> {
    const item = await this.#table.get(sendKey(room, key));
    return item && sentOf(item);
  }

  add(room: string, { id, ...values }: Message): Promise<boolean> {
    return this.#table.add(messageKey(room, id), values);
  }

  async message(room: string, id: number): Promise<Message | undefined> {
    const item = await this.#table.get(messageKey(room, id));
    return item && messageOf(item);
  }

  async between(room: string, after: number, until = LAST): Promise<Message[]> {
    if (until <= after) return [];
    return (await this.#range(room, after + 1, until)).map(messageOf);
  }

  async page(room: string, before: number, limit: number): Promise<Message[]> {
    if (before <= 1) return [];
    const items = await this.#range(room, 1, before - 1, { newestFirst: true, limit });
    return items.map(messageOf);
  }

  async lastId(room: string): Promise<number> {
    const [last] = await this.#range(room, 1, LAST, { newestFirst: true, limit: 1 });
    return last ? messageOf(last).id : 0;
  }

  unread(room: string, user: string, after: number, most: number): Promise<number> {
    const range = { from: messageSort(after + 1), to: messageSort(LAST) };
    const filter = '#user <> :user AND attribute_not_exists(#deleted)';
    return this.#table.count(roomPartition(room), range, filter, { user }, most);
  }

  async markPublished(room: string, id: number): Promise<void> {
    await this.#table.change(roomKey(room), {
      update: 'SET #publishedUpTo = :id',
      when: '#publishedUpTo < :id',
      values: { id },
    });
  }

  edit(
    room: string,
    id: number,
    { text, at, stamp }: { readonly text: string; readonly at: number; readonly stamp: string },
  ): Promise<boolean> {
    return this.#table.change(messageKey(room, id), {
      update: 'SET #text = :text, #editedAt = :at, #editStamp = :stamp, #revision = #revision + :one',
      when: 'attribute_exists(pk) AND attribute_not_exists(#deleted) AND (attribute_not_exists(#editStamp) OR #editStamp < :stamp)',
      values: { text, at, stamp, one: 1 },
    });
  }

  async remove(room: string, id: number): Promise<void> {
    await this.#table.change(messageKey(room, id), {
      update: 'SET #deleted = :yes, #revision = #revision + :one REMOVE #text, #mentions',
      when: 'attribute_exists(pk) AND attribute_not_exists(#deleted)',
      values: { yes: true, one: 1 },
    });
  }

  #range(
    room: string,
    from: number,
    to: number,
    more: { readonly newestFirst?: boolean; readonly limit?: number } = {},
  ): Promise<Item[]> {
    return this.#table.query(roomPartition(room), { from: messageSort(from), to: messageSort(to), ...more });
  }
}
