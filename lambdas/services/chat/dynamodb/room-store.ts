import type { Member, Room } from '../model';
import { SEND_BURST, SEND_INTERVAL_MS } from '../rules';
import type { RoomStore } from '../store';
import { memberOf, placeOf, roomOf } from './items';
import { MEMBER, memberKey, PLACE, placeKey, roomKey, roomPartition, userPartition } from './keys';
import type { Range, Table } from './table';

/** All sort keys of a prefix: none of them goes on with a character above this one. */
const startingWith = (prefix: string): Range => ({ from: prefix, to: `${prefix}\u{10ffff}` });

/** Not in the room, or left it before the command. An invitation is taken whenever it was made: clocks differ by milliseconds. */
const MAY_ENTER = 'attribute_not_exists(pk) OR #state = :invited OR (#state = :left AND #stamp < :stamp)';
const MAY_BE_INVITED = 'attribute_not_exists(pk) OR (#state = :left AND #stamp < :stamp)';

const CURSORS =
  '#since = :since, #deliveredUpTo = :deliveredUpTo, #readUpTo = :readUpTo, #paidUntil = :paidUntil';

/** Rooms and members in the table of chat (`keys.ts`). */
export class DynamoDbRoomStore implements RoomStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async room(room: string): Promise<Room | undefined> {
    const item = await this.#table.get(roomKey(room));
    return item && roomOf(item);
  }

  async member(room: string, user: string): Promise<Member | undefined> {
    const item = await this.#table.get(memberKey(room, user));
    return item && memberOf(item);
  }

  async members(room: string): Promise<Member[]> {
    const items = await this.#table.query(roomPartition(room), startingWith(MEMBER));
    return items.map(memberOf).filter(({ state }) => state === 'member');
  }

  async membersAmong(room: string, users: readonly string[]): Promise<string[]> {
    const items = await this.#table.getAll(users.map((user) => memberKey(room, user)));
    const members = items.map(memberOf).filter(({ state }) => state === 'member');
    return users.filter((name) => members.some(({ user }) => user === name));
  }

  async roomsOf(user: string): Promise<{ room: string; member: Member }[]> {
    const places = await this.#table.query(userPartition(user), startingWith(PLACE));
    const items = await this.#table.getAll(places.map((place) => memberKey(placeOf(place), user)));
    return items
      .map((item) => ({ room: item['pk']?.S?.slice(PLACE.length) ?? '', member: memberOf(item) }))
      .filter(({ member }) => member.state === 'member');
  }

  async createRoom({ room, ...values }: Room): Promise<void> {
    await this.#table.add(roomKey(room), { ...values });
  }

  async enter(room: string, { user, ...values }: Member): Promise<boolean> {
    await this.#table.add(placeKey(user, room), {});
    return this.#table.change(memberKey(room, user), {
      update: `SET #state = :state, #role = :role, #stamp = :stamp, #joinedAt = :joinedAt, ${CURSORS}`,
      when: MAY_ENTER,
      values: { ...values, invited: 'invited', left: 'left' },
    });
  }

  invite(room: string, user: string, stamp: string): Promise<boolean> {
    return this.#table.change(memberKey(room, user), {
      update: `SET #state = :state, #role = :role, #stamp = :stamp, #joinedAt = :none, #since = :none, #deliveredUpTo = :none, #readUpTo = :none, #paidUntil = :none`,
      when: MAY_BE_INVITED,
      values: { state: 'invited', role: 'member', stamp, none: 0, left: 'left' },
    });
  }

  exit(room: string, user: string, stamp: string): Promise<boolean> {
    return this.#table.change(memberKey(room, user), {
      update: 'SET #state = :left, #role = :role, #stamp = :stamp',
      when: '(#state = :member OR #state = :invited) AND #stamp < :stamp',
      values: { left: 'left', role: 'member', stamp, member: 'member', invited: 'invited' },
    });
  }

  async makeOwner(room: string, user: string): Promise<void> {
    await this.#table.change(memberKey(room, user), {
      update: 'SET #role = :owner',
      when: '#state = :member',
      values: { owner: 'owner', member: 'member' },
    });
  }

  /** GCRA: each send moves the time until which sends are paid for, which may be so far ahead as a burst takes. */
  async pay(room: string, { user, paidUntil }: Member, now: number): Promise<boolean> {
    const key = memberKey(room, user);
    const anew = {
      update: 'SET #paidUntil = :next',
      when: '#state = :member AND #paidUntil <= :now',
      values: { next: now + SEND_INTERVAL_MS, now, member: 'member' },
    };
    const onTop = {
      update: 'SET #paidUntil = #paidUntil + :interval',
      when: '#state = :member AND #paidUntil > :now AND #paidUntil <= :most',
      values: {
        interval: SEND_INTERVAL_MS,
        now,
        most: now + (SEND_BURST - 1) * SEND_INTERVAL_MS,
        member: 'member',
      },
    };
    // DynamoDB has no maximum of two values; what was read tells which of the two most likely holds.
    const [likely, other] = paidUntil <= now ? [anew, onTop] : [onTop, anew];
    return (await this.#table.change(key, likely)) || this.#table.change(key, other);
  }

  async advance(room: string, user: string, cursor: 'deliveredUpTo' | 'readUpTo', id: number): Promise<void> {
    await this.#table.change(memberKey(room, user), {
      update: `SET #${cursor} = :id`,
      when: `#state = :member AND #${cursor} < :id`,
      values: { id, member: 'member' },
    });
  }
}
