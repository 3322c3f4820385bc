/** A message that something happens to at a time; stale entries are told apart by comparing `at` with the message's. */
export interface DueTime {
  readonly at: number;
  readonly messageId: string;
}

interface Entry extends DueTime {
  /** Place among those of the same time. */
  readonly turn: number;
}

/**
 * The earliest of many times, those of one time in the order in which they were added: a binary heap. Entries hold no message, so a
 * stale one keeps no body alive.
 */
export class DueTimes {
  readonly #heap: Entry[] = [];
  #turns = 0;

  get first(): DueTime | undefined {
    return this.#heap[0];
  }

  add({ at, messageId }: DueTime): void {
    const heap = this.#heap;
    const entry = { at, messageId, turn: this.#turns++ };
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  removeFirst(): void {
    const heap = this.#heap;
    const moved = heap.pop();
    if (!moved || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      const right = heap[child + 1];
      if (left && right && isBefore(right, left)) child += 1;
      const below = heap[child];
      if (!below || !isBefore(below, moved)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = moved;
  }

  clear(): void {
    this.#heap.length = 0;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.turn < other.turn);
}
