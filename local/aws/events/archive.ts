import type { EventPattern, EventTest } from './pattern';
import type { BusEvent } from './put-events';

/** What an archive keeps at most; older events go first. On AWS only the retention ends an event's stay. */
const MOST_EVENTS = 10_000;
const MOST_CHARACTERS = 64 * 1024 * 1024;
const DAY_MS = 86_400_000;

export interface ArchiveOptions {
  readonly name: string;
  /** Name or ARN of the bus. */
  readonly bus: string;
  /** Absent for every event. */
  readonly pattern?: EventPattern | undefined;
  /** 0 or absent: for as long as there is room. */
  readonly retentionDays?: number | undefined;
}

/** The newest events of a bus, in memory: at most 10,000, and 64 Mi characters together. */
export class Archive {
  readonly options: ArchiveOptions;
  readonly #matches: EventTest;
  #events: BusEvent[] = [];
  #characters = 0;

  constructor(options: ArchiveOptions, matches: EventTest) {
    this.options = options;
    this.#matches = matches;
  }

  offer(event: BusEvent): void {
    if (!this.#matches(event.value)) return;
    this.#events.push(event);
    this.#characters += event.text.length;
    this.#trim();
  }

  /** Oldest first. */
  events(): readonly BusEvent[] {
    this.#trim();
    return [...this.#events];
  }

  #trim(): void {
    const { retentionDays = 0 } = this.options;
    const oldest = retentionDays === 0 ? 0 : Date.now() - retentionDays * DAY_MS;
    let drop = 0;
    for (const { text, ingestedAt } of this.#events) {
      const fits = this.#events.length - drop <= MOST_EVENTS && this.#characters <= MOST_CHARACTERS;
      if (fits && ingestedAt >= oldest) break;
      this.#characters -= text.length;
      drop += 1;
    }
    if (drop > 0) this.#events = this.#events.slice(drop);
  }
}
