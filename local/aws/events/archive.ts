import { compilePattern, type EventPattern, type EventTest, patternText } from './pattern';
import type { BusEvent } from './put-events';

/** What an archive keeps at most; older events go first. On AWS only the retention ends an event's stay. */
const MOST_EVENTS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;
const DAY_MS = 86_400_000;

export interface ArchiveOptions {
  readonly name: string;
  /** Name or ARN of the bus. */
  readonly bus: string;
  readonly description?: string | undefined;
  /** Absent for every event. */
  readonly pattern?: EventPattern | undefined;
  /** 0 or absent: for as long as there is room. */
  readonly retentionDays?: number | undefined;
}

interface Kept {
  readonly event: BusEvent;
  readonly bytes: number;
}

/** The newest events of a bus, in memory: at most 10,000, and 64 MiB together. Replayed events are not offered to it. */
export class Archive {
  readonly arn: string;
  readonly name: string;
  readonly busArn: string;
  readonly description: string | undefined;
  /** JSON text. */
  readonly pattern: string | undefined;
  readonly retentionDays: number;
  readonly createdAt = new Date();
  readonly #matches: EventTest;
  #kept: Kept[] = [];
  #bytes = 0;

  /** @throws InvalidEventPatternError */
  constructor(
    { name, description, pattern, retentionDays = 0 }: ArchiveOptions,
    arn: string,
    busArn: string,
  ) {
    this.name = name;
    this.arn = arn;
    this.busArn = busArn;
    this.description = description;
    this.retentionDays = retentionDays;
    this.pattern = pattern === undefined ? undefined : patternText(pattern);
    this.#matches = this.pattern === undefined ? () => true : compilePattern(this.pattern);
  }

  offer(event: BusEvent): void {
    if (!this.#matches(event.value)) return;
    const bytes = Buffer.byteLength(event.text);
    this.#kept.push({ event, bytes });
    this.#bytes += bytes;
    this.#trim();
  }

  /** In the order in which the bus took them. */
  events(): readonly BusEvent[] {
    this.#trim();
    return this.#kept.map(({ event }) => event);
  }

  size(): { readonly events: number; readonly bytes: number } {
    this.#trim();
    return { events: this.#kept.length, bytes: this.#bytes };
  }

  #trim(): void {
    const oldest = this.retentionDays === 0 ? 0 : Date.now() - this.retentionDays * DAY_MS;
    let drop = 0;
    for (const { event, bytes } of this.#kept) {
      const fits = this.#kept.length - drop <= MOST_EVENTS && this.#bytes <= MOST_BYTES;
      if (fits && event.ingestedAt >= oldest) break;
      this.#bytes -= bytes;
      drop += 1;
    }
    if (drop > 0) this.#kept = this.#kept.slice(drop);
  }
}
