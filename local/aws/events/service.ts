import type { Faults } from '../../faults/faults';
import { passes } from '../../hops';
import {
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  LOCAL_ACCOUNT,
  type RuntimeLog,
  type TargetRouter,
} from '../../ports';
import { ScheduleClock } from '../../schedules/schedule-clock';
import { Timetable } from '../../schedules/timetable';
import { Turns } from '../../turns';
import { JsonService } from '../json-service';
import { ApiDestinations, type Secrets } from './api-destinations/api-destinations';
import { Archive, type ArchiveOptions } from './archive';
import { Bus, DEFAULT_BUS, type Rule, type RuleOptions } from './bus';
import { Deliveries, type RetryTiming } from './deliveries';
import { EventsResourceExistsError, EventsResourceNotFoundError, EventsValidationError } from './errors';
import { operationsOf } from './operations';
import {
  type BusEvent,
  checkRequest,
  type PutEventsEntry,
  type PutEventsResult,
  type PutEventsResultEntry,
  toEvent,
} from './put-events';
import { Replays } from './replays';
import { ruleDelivery } from './rule-delivery';
import { scheduledEvent } from './scheduled-event';

/** Time for calls to targets that are under way when the runtime ends. */
const CLOSE_GRACE_MS = 1000;

const NO_SECRETS: Secrets = {
  create: () => {
    throw new EventsValidationError('connection: expected Secrets Manager to be there for its credentials');
  },
  value: () => '',
};

export interface EventBridgeOptions {
  readonly region: string;
  /** @default the local account */
  readonly account?: string;
  /** Called for every delivery, dead letters included; it may be wired to its parts later. */
  readonly router: TargetRouter;
  readonly log: RuntimeLog;
  readonly retry?: RetryTiming;
  /** Where connections keep their credentials. @default nowhere: no connection can be made */
  readonly secrets?: Secrets;
  /** How long the endpoint of an API destination may take, in milliseconds. @default 5000 */
  readonly invocationTimeoutMs?: number;
  /** What goes wrong on request. @default nothing */
  readonly faults?: Pick<Faults, 'event'>;
  /** Where rules with a schedule run. @default one by the wall clock */
  readonly timetable?: Timetable;
}

/** EventBridge's classic buses, rules, schedules, targets, archives, replays, connections and API destinations. A `default` bus always exists. */
export class EventBridgeService implements AwsService {
  readonly replays: Replays;
  readonly apiDestinations: ApiDestinations;
  readonly #region: string;
  readonly #account: string;
  readonly #arnPrefix: string;
  readonly #log: RuntimeLog;
  readonly #deliveries: Deliveries;
  readonly #turns = new Turns();
  readonly #timetable: Timetable;
  readonly #buses = new Map<string, Bus>();
  readonly #archives = new Map<string, Archive>();
  readonly #api: JsonService;

  constructor({
    region,
    account = LOCAL_ACCOUNT,
    router,
    log,
    retry = {},
    secrets = NO_SECRETS,
    invocationTimeoutMs,
    faults,
    timetable,
  }: EventBridgeOptions) {
    this.#region = region;
    this.#account = account;
    this.#arnPrefix = `arn:aws:events:${region}:${account}`;
    this.#log = log;
    this.#deliveries = new Deliveries({ router, log, retry, faults });
    this.#timetable = timetable ?? new Timetable(new ScheduleClock());
    this.apiDestinations = new ApiDestinations({
      arnPrefix: this.#arnPrefix,
      secrets,
      timeoutMs: invocationTimeoutMs,
    });
    this.replays = new Replays({
      arnPrefix: this.#arnPrefix,
      archive: (name) => this.#archives.get(name),
      bus: (arn) => this.bus(arn),
      handOver: (bus, event, rules) => {
        for (const rule of bus.rulesFor(event.value)) {
          if (rules === undefined || rules.has(rule.arn)) this.#deliver(rule, event);
        }
      },
    });
    this.#api = new JsonService({ service: 'events', version: '1.1', operations: operationsOf(this) });
    this.createBus(DEFAULT_BUS);
  }

  handle(request: AwsRequest): Promise<AwsResponse> {
    return this.#api.handle(request);
  }

  /** Returns the ARN of the new bus. @throws EventsResourceExistsError, EventsValidationError */
  createBus(name: string): string {
    if (!/^[/.\-_A-Za-z0-9]{1,256}$/.test(name)) {
      throw new EventsValidationError(
        `event bus name: expected 1 to 256 of / . - _ A-Z a-z 0-9, got ${name}`,
      );
    }
    if (this.#buses.has(name)) throw new EventsResourceExistsError('Event bus', name);
    const bus = new Bus(name, this.#arnPrefix);
    this.#buses.set(name, bus);
    return bus.arn;
  }

  buses(): readonly Bus[] {
    return [...this.#buses.values()];
  }

  /** @param nameOrArn the default bus where absent @throws EventsResourceNotFoundError */
  bus(nameOrArn?: string): Bus {
    const name = busName(nameOrArn);
    const bus = this.#buses.get(name);
    if (bus === undefined) throw new EventsResourceNotFoundError('Event bus', name);
    return bus;
  }

  /** Makes or replaces a rule and returns its ARN. `bus` is a name or an ARN, the default bus where absent. */
  putRule({ bus, ...options }: RuleOptions & { readonly bus?: string | undefined }): string {
    return this.bus(bus).putRule(options).arn;
  }

  /**
   * Adds targets to a rule, or replaces those with the same `Id`.
   * @param rule the rule's ARN, or its name with its bus
   * @param targets as CloudFormation and the API write them: `{Id, Arn, Input?, InputPath?, InputTransformer?, SqsParameters?, RetryPolicy?, DeadLetterConfig?}`
   */
  putTargets(
    rule: string | { readonly name: string; readonly bus?: string | undefined },
    targets: readonly unknown[],
  ) {
    const { name, bus } = typeof rule === 'string' ? ruleOfArn(rule) : rule;
    this.bus(bus).putTargets(name, targets);
  }

  /** Returns the ARN of the new archive. @throws EventsResourceExistsError, EventsResourceNotFoundError, InvalidEventPatternError */
  createArchive(options: ArchiveOptions): string {
    const { name } = options;
    if (this.#archives.has(name)) throw new EventsResourceExistsError('Archive', name);
    const bus = this.bus(options.bus);
    const archive = new Archive(options, `${this.#arnPrefix}:archive/${name}`, bus.arn);
    this.#archives.set(name, archive);
    bus.archives.push(archive);
    return archive.arn;
  }

  /** @throws EventsResourceNotFoundError */
  archive(name: string): Archive {
    const archive = this.#archives.get(name);
    if (archive === undefined) throw new EventsResourceNotFoundError('Archive', name);
    return archive;
  }

  archives(): readonly Archive[] {
    return [...this.#archives.values()];
  }

  /**
   * Takes events, each entry for itself, and has them delivered after this returns.
   * @throws AwsError ValidationException for a request that is refused as a whole
   */
  putEvents(entries: readonly PutEventsEntry[]): PutEventsResult {
    checkRequest(entries);
    const results = entries.map((entry) => this.#accept(entry));
    return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
  }

  /** Puts the schedules of all enabled rules to work, once everything that they call is made. Rates count from here. */
  startSchedules(): void {
    for (const rule of this.bus().rules.values()) {
      if (rule.schedule === undefined || rule.state === 'DISABLED') continue;
      const { recurrence, expression } = rule.schedule;
      const run = (due: number): void => this.#runSchedule(rule, due);
      if (!this.#timetable.add({ recurrence, runsAtStart: false, run })) {
        this.#log.warn('events', `rule ${rule.name} never runs: ${expression} has no time to come`);
      }
    }
  }

  /** Resolves when no replay and no delivery is under way or waiting for a retry. */
  async idle(): Promise<void> {
    await this.replays.idle();
    do {
      await this.#turns.idle();
      await this.#deliveries.idle();
      // A delivery to a bus is the next event.
    } while (this.#turns.pending > 0);
  }

  /** Ends schedules and replays, gives up waiting retries and lets calls to targets end for a second. */
  async close(): Promise<void> {
    this.#timetable.close();
    this.#turns.close();
    await this.replays.close();
    await this.#deliveries.close(CLOSE_GRACE_MS);
    this.apiDestinations.close();
  }

  #accept(entry: PutEventsEntry): PutEventsResultEntry {
    const event = toEvent(entry, { account: this.#account, region: this.#region });
    if ('ErrorCode' in event) return event;
    const bus = this.#buses.get(busName(entry.EventBusName));
    if (bus === undefined) {
      // EventBridge takes the event and drops it, so a caller learns nothing; here at least the log tells.
      this.#log.warn(
        'events',
        `event ${event.id} was put on the event bus ${entry.EventBusName}, which does not exist`,
      );
      return { EventId: event.id };
    }
    passes('event', bus.name, event.text);
    for (const archive of bus.archives) archive.offer(event);
    this.#turns.add(() => {
      for (const rule of bus.rulesFor(event.value)) this.#deliver(rule, event);
    });
    return { EventId: event.id };
  }

  /** A scheduled event goes to the targets of its rule and to no other rule. */
  #runSchedule(rule: Rule, due: number): void {
    const origin = { account: this.#account, region: this.#region };
    this.#deliver(
      rule,
      scheduledEvent({ origin, source: 'aws.events', resource: rule.arn, due, detail: {} }),
    );
  }

  #deliver(rule: Rule, event: BusEvent): void {
    for (const target of rule.targets.values()) this.#deliveries.start(ruleDelivery(rule, target, event));
  }
}

function busName(nameOrArn: string | undefined): string {
  if (nameOrArn === undefined || nameOrArn === '') return DEFAULT_BUS;
  return /^arn:[^:]*:events:[^:]*:[^:]*:event-bus\/(.+)$/.exec(nameOrArn)?.[1] ?? nameOrArn;
}

function ruleOfArn(arn: string): { readonly name: string; readonly bus: string } {
  const path = /^arn:[^:]*:events:[^:]*:[^:]*:rule\/(.+)$/.exec(arn)?.[1];
  if (path === undefined) throw new EventsValidationError(`rule: expected an ARN of a rule, got ${arn}`);
  const slash = path.lastIndexOf('/');
  return slash === -1
    ? { name: path, bus: DEFAULT_BUS }
    : { name: path.slice(slash + 1), bus: path.slice(0, slash) };
}
