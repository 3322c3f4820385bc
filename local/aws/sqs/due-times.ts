/** A message that something happens to at a time; stale entries are told apart by comparing `at` with the message's. */
export interface DueTime {
  readonly at: number;
  readonly messageId: string;
}

/** The earliest of many times: a binary heap. Entries hold no message, so a stale one keeps no body alive. */
export class DueTimes {
  readonly #heap: DueTime[] = [];

  get first(): DueTime | undefined {
    return this.#heap[0];
  }

  add(entry: DueTime): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || above.at <= entry.at) break;
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
      if (left && right && right.at < left.at) child += 1;
      const below = heap[child];
      if (!below || below.at >= moved.at) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = moved;
  }

  clear(): void {
    this.#heap.length = 0;
  }
}
