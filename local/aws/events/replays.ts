import type { Archive } from './archive';
import type { Bus } from './bus';
import {
  EventsLimitError,
  EventsResourceExistsError,
  EventsResourceNotFoundError,
  EventsValidationError,
} from './errors';
import type { BusEvent } from './put-events';
import { Replay } from './replay';

/** EventBridge's quota. */
const MOST_AT_ONCE = 10;

const MOST_DESCRIPTION = 512;

export interface StartReplay {
  readonly name: string;
  readonly description?: string | undefined;
  readonly archiveArn: string;
  readonly busArn: string;
  /** ARNs of rules. @default every rule of the bus */
  readonly filterArns?: readonly string[] | undefined;
  readonly from: Date;
  readonly until: Date;
}

export interface ReplaysOptions {
  readonly arnPrefix: string;
  readonly archive: (name: string) => Archive | undefined;
  /** @throws EventsResourceNotFoundError */
  readonly bus: (arn: string) => Bus;
  /** Hands an event to the rules of a bus, or to those of the given ARNs. */
  readonly handOver: (bus: Bus, event: BusEvent, rules: ReadonlySet<string> | undefined) => void;
}

/** The replays that were started since the runtime was, the ten that may run at once among them. */
export class Replays {
  readonly #options: ReplaysOptions;
  readonly #byName = new Map<string, Replay>();
  readonly #running = new Map<Replay, Promise<void>>();

  constructor(options: ReplaysOptions) {
    this.#options = options;
  }

  /** @throws EventsValidationError, EventsResourceNotFoundError, EventsResourceExistsError, EventsLimitError */
  start(input: StartReplay): Replay {
    const { name, description, archiveArn, busArn, filterArns, from, until } = input;
    checkNames(name, description);
    const archive = this.#archiveOf(archiveArn);
    const bus = this.#busOf(busArn);
    if (bus.arn !== archive.busArn) {
      throw invalid('Destination.Arn', 'Cross event bus replay is not permitted.');
    }
    if (this.#byName.has(name)) throw new EventsResourceExistsError('Replay', name);
    if (!(from < until)) throw invalid('EventEndTime', 'EventStartTime must be before EventEndTime.');
    if (this.#running.size >= MOST_AT_ONCE) {
      throw new EventsLimitError(`${MOST_AT_ONCE} replays are running, the most at once.`);
    }
    const rules = filterArns && filterArns.length > 0 ? new Set(filterArns) : undefined;
    const replay = new Replay(`${this.#options.arnPrefix}:replay/${name}`, {
      name,
      description,
      archive,
      rules,
      from: from.getTime(),
      until: until.getTime(),
    });
    this.#byName.set(name, replay);
    const run = replay.run((event) => this.#options.handOver(bus, event, rules));
    this.#running.set(
      replay,
      run.finally(() => this.#running.delete(replay)),
    );
    return replay;
  }

  /** @throws EventsResourceNotFoundError */
  get(name: string): Replay {
    const replay = this.#byName.get(name);
    if (replay === undefined) throw new EventsResourceNotFoundError('Replay', name);
    return replay;
  }

  list(): readonly Replay[] {
    return [...this.#byName.values()];
  }

  /** Resolves when none runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** Ends those that run. */
  async close(): Promise<void> {
    for (const replay of this.#running.keys()) if (replay.state !== 'CANCELLING') replay.cancel();
    await this.idle();
  }

  #archiveOf(arn: string): Archive {
    const name = resourceOf(arn, 'archive');
    if (name === undefined) throw invalid('EventSourceArn', 'Must contain an archive ARN.');
    const archive = this.#options.archive(name);
    if (archive?.arn !== arn) throw invalid('EventSourceArn', `Archive ${name} does not exist.`);
    return archive;
  }

  #busOf(arn: string): Bus {
    const name = resourceOf(arn, 'event-bus');
    if (name === undefined) throw invalid('Destination.Arn', 'Must contain an event bus ARN.');
    return this.#options.bus(arn);
  }
}

function resourceOf(arn: string, type: 'archive' | 'event-bus'): string | undefined {
  return new RegExp(`^arn:[^:]*:events:[^:]*:[^:]*:${type}/(.+)$`).exec(arn)?.[1];
}

function checkNames(name: string, description: string | undefined): void {
  if (!/^[.\-_A-Za-z0-9]{1,64}$/.test(name)) {
    throw new EventsValidationError(
      `ReplayName: expected 1 to 64 letters, digits, dots, hyphens or underscores, got ${name}`,
    );
  }
  if ((description ?? '').length > MOST_DESCRIPTION) {
    throw new EventsValidationError(
      `Description: expected at most ${MOST_DESCRIPTION} characters, got ${description?.length}`,
    );
  }
}

function invalid(parameter: string, reason: string): EventsValidationError {
  return new EventsValidationError(`Parameter ${parameter} is not valid. Reason: ${reason}`);
}
