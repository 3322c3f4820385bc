import { setImmediate as turn } from 'node:timers/promises';
import { seededRandom } from '../../faults/random';
import type { Archive } from './archive';
import { IllegalStatusError } from './errors';
import type { BusEvent } from './put-events';

const WINDOW_MS = 60_000;

/** Events that are handed over before others get their turn, and a cancellation its chance. */
const EVENTS_PER_TURN = 100;

export type ReplayState = 'STARTING' | 'RUNNING' | 'CANCELLING' | 'CANCELLED' | 'COMPLETED';

export interface ReplayOptions {
  readonly name: string;
  readonly description: string | undefined;
  readonly archive: Archive;
  /** ARNs of the only rules that get the events; every rule where absent. */
  readonly rules: ReadonlySet<string> | undefined;
  /** Events of this time and later, in epoch milliseconds. */
  readonly from: number;
  /** Events before this time. */
  readonly until: number;
}

/**
 * One run through an archive, minute by minute of the events' own time. Within a minute the order is none: EventBridge promises
 * none, so what relies on the order of putting fails here as well.
 */
export class Replay {
  readonly arn: string;
  readonly options: ReplayOptions;
  readonly startedAt = new Date();
  #state: ReplayState = 'STARTING';
  #endedAt: Date | undefined;
  #lastEventTime: number | undefined;

  constructor(arn: string, options: ReplayOptions) {
    this.arn = arn;
    this.options = options;
  }

  get state(): ReplayState {
    return this.#state;
  }

  get endedAt(): Date | undefined {
    return this.#endedAt;
  }

  /** Time of the latest event that was handed over, in epoch milliseconds. */
  get lastEventTime(): number | undefined {
    return this.#lastEventTime;
  }

  /** @throws IllegalStatusError for one that is not under way */
  cancel(): void {
    if (this.#state !== 'STARTING' && this.#state !== 'RUNNING')
      throw new IllegalStatusError(this.options.name);
    this.#state = 'CANCELLING';
  }

  /** Hands the events over, marked with the replay's name. Begins after the current turn: it is answered first that it starts. */
  async run(handOver: (event: BusEvent) => void): Promise<void> {
    await turn();
    if (this.#state === 'STARTING') this.#state = 'RUNNING';
    let handed = 0;
    for (const event of this.#sequence()) {
      if (this.#state === 'CANCELLING') break;
      handOver(marked(event, this.options.name));
      this.#lastEventTime = Math.max(this.#lastEventTime ?? event.time, event.time);
      handed += 1;
      if (handed % EVENTS_PER_TURN === 0) await turn();
    }
    this.#endedAt = new Date();
    this.#state = this.#state === 'CANCELLING' ? 'CANCELLED' : 'COMPLETED';
  }

  #sequence(): readonly BusEvent[] {
    const { archive, from, until } = this.options;
    const windows = new Map<number, BusEvent[]>();
    for (const event of archive.events()) {
      if (event.time < from || event.time >= until) continue;
      const index = Math.floor((event.time - from) / WINDOW_MS);
      const window = windows.get(index);
      if (window === undefined) windows.set(index, [event]);
      else window.push(event);
    }
    const random = seededRandom(1);
    return [...windows.entries()].sort(([a], [b]) => a - b).flatMap(([, window]) => shuffled(window, random));
  }
}

/** `replay-name` stands where EventBridge puts it: behind the region. */
function marked(event: BusEvent, replayName: string): BusEvent {
  const resources = event.text.indexOf(',"resources":');
  const mark = `,"replay-name":${JSON.stringify(replayName)}`;
  const text = `${event.text.slice(0, resources)}${mark}${event.text.slice(resources)}`;
  return { ...event, text, value: JSON.parse(text), ingestedAt: Date.now() };
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
