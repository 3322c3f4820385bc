import type { Message } from './message';

/** The messages of a queue that a receive may return, in the order of the queue's kind. */
export interface ReadyMessages {
  /** A message that is visible for the first time, or again. */
  add(message: Message): void;
  /** Takes out at most `max`. */
  take(max: number): Message[];
  /** A message that was taken is back, deleted or moved: what waited behind it may go. */
  release(message: Message): void;
  /** Drops a message that was not taken. */
  remove(message: Message): void;
  clear(): void;
}

/** A standard queue: about the order of sending; what becomes visible again goes to the end. */
export class StandardMessages implements ReadyMessages {
  readonly #messages = new Map<string, Message>();

  add(message: Message): void {
    this.#messages.set(message.messageId, message);
  }

  take(max: number): Message[] {
    const taken: Message[] = [];
    for (const message of this.#messages.values()) {
      if (taken.length >= max) break;
      taken.push(message);
    }
    for (const message of taken) this.#messages.delete(message.messageId);
    return taken;
  }

  release(): void {}

  remove(message: Message): void {
    this.#messages.delete(message.messageId);
  }

  clear(): void {
    this.#messages.clear();
  }
}

interface Group {
  readonly messages: Message[];
  inFlight: number;
}

/**
 * A FIFO queue: strict order within a message group, and a group of which a message is in flight is locked. One
 * receive takes several messages of a group, in order, before it goes to the next group.
 */
export class FifoMessages implements ReadyMessages {
  readonly #groups = new Map<string, Group>();
  /** Ids of the groups that are not locked and have messages, the one that waits longest first. */
  readonly #open = new Set<string>();

  add(message: Message): void {
    const group = this.#group(message);
    // What comes back belongs near the head, what is new at the tail.
    let index = group.messages.length;
    while (index > 0 && (group.messages[index - 1]?.order ?? 0) > message.order) index -= 1;
    group.messages.splice(index, 0, message);
    this.#update(message, group);
  }

  take(max: number): Message[] {
    const taken: Message[] = [];
    for (const id of this.#open) {
      if (taken.length >= max) break;
      const group = this.#groups.get(id);
      if (!group) continue;
      const batch = group.messages.splice(0, max - taken.length);
      group.inFlight += batch.length;
      taken.push(...batch);
      this.#open.delete(id);
    }
    return taken;
  }

  release(message: Message): void {
    const group = this.#group(message);
    group.inFlight = Math.max(0, group.inFlight - 1);
    this.#update(message, group);
  }

  remove(message: Message): void {
    const group = this.#group(message);
    const index = group.messages.indexOf(message);
    if (index >= 0) group.messages.splice(index, 1);
    this.#update(message, group);
  }

  clear(): void {
    this.#groups.clear();
    this.#open.clear();
  }

  #group(message: Message): Group {
    const id = message.groupId ?? '';
    let group = this.#groups.get(id);
    if (!group) {
      group = { messages: [], inFlight: 0 };
      this.#groups.set(id, group);
    }
    return group;
  }

  #update(message: Message, group: Group): void {
    const id = message.groupId ?? '';
    if (group.inFlight === 0 && group.messages.length > 0) this.#open.add(id);
    else this.#open.delete(id);
    if (group.inFlight === 0 && group.messages.length === 0) this.#groups.delete(id);
  }
}
