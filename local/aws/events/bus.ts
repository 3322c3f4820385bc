import { parseRuleSchedule } from '../../schedules/expression';
import type { Recurrence } from '../../schedules/recurrence';
import type { Archive } from './archive';
import { EventsLimitError, EventsResourceNotFoundError, EventsValidationError } from './errors';
import { compilePattern, type EventPattern, type EventTest, patternText } from './pattern';
import { type EventTarget, parseTarget } from './target';

export const DEFAULT_BUS = 'default';

/** EventBridge's quotas. */
const MOST_RULES = 300;
const MOST_TARGETS = 5;

const STATES = ['ENABLED', 'DISABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'] as const;
export type RuleState = (typeof STATES)[number];

export interface RuleOptions {
  readonly name: string;
  /** @default none: only the schedule counts */
  readonly pattern?: EventPattern | undefined;
  /** `rate(...)` or `cron(...)`; a rule may have a pattern besides. @default none */
  readonly schedule?: string | undefined;
  /** @default ENABLED */
  readonly state?: string | undefined;
  readonly description?: string | undefined;
}

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly bus: string;
  /** JSON text. */
  readonly pattern: string | undefined;
  readonly schedule: { readonly expression: string; readonly recurrence: Recurrence } | undefined;
  readonly state: RuleState;
  readonly description: string | undefined;
  readonly matches: EventTest;
  /** By id. */
  readonly targets: Map<string, EventTarget>;
}

/** One event bus with its rules and archives. */
export class Bus {
  readonly name: string;
  readonly arn: string;
  readonly createdAt = new Date();
  readonly rules = new Map<string, Rule>();
  readonly archives: Archive[] = [];
  readonly #ruleArnPrefix: string;

  constructor(name: string, arnPrefix: string) {
    this.name = name;
    this.arn = `${arnPrefix}:event-bus/${name}`;
    this.#ruleArnPrefix = `${arnPrefix}:rule/${name === DEFAULT_BUS ? '' : `${name}/`}`;
  }

  /**
   * Makes or replaces a rule; a replaced one keeps its targets.
   * @throws InvalidEventPatternError, InvalidScheduleError, EventsValidationError, EventsLimitError
   */
  putRule({ name, pattern, schedule, state = 'ENABLED', description }: RuleOptions): Rule {
    checkRuleName(name);
    const known = knownState(state);
    const before = this.rules.get(name);
    if (before === undefined && this.rules.size >= MOST_RULES) {
      throw new EventsLimitError(`Event bus ${this.name} has ${MOST_RULES} rules, the most it can have.`);
    }
    const text = pattern === undefined ? undefined : patternText(pattern);
    if (text === undefined && schedule === undefined) {
      throw new EventsValidationError('Parameter(s) EventPattern or ScheduleExpression must be specified.');
    }
    const rule: Rule = {
      name,
      arn: `${this.#ruleArnPrefix}${name}`,
      bus: this.name,
      pattern: text,
      schedule: schedule === undefined ? undefined : this.#schedule(schedule),
      state: known,
      description,
      matches: text === undefined ? () => false : compilePattern(text),
      targets: before?.targets ?? new Map(),
    };
    this.rules.set(name, rule);
    return rule;
  }

  rule(name: string): Rule {
    const rule = this.rules.get(name);
    if (rule === undefined)
      throw new EventsResourceNotFoundError('Rule', `${name} on event bus ${this.name}`);
    return rule;
  }

  /** Adds targets, or replaces those with the same id. All or none. @throws InvalidTargetError, EventsLimitError */
  putTargets(ruleName: string, targets: readonly unknown[]): void {
    const rule = this.rule(ruleName);
    const parsed = targets.map((target) => parseTarget(ruleName, target));
    const ids = new Set([...rule.targets.keys(), ...parsed.map(({ Id }) => Id)]);
    if (ids.size > MOST_TARGETS) {
      throw new EventsLimitError(
        `Rule ${ruleName} would have ${ids.size} targets, expected at most ${MOST_TARGETS}.`,
      );
    }
    for (const target of parsed) rule.targets.set(target.Id, target);
  }

  /** Enabled rules that the event matches. */
  rulesFor(event: unknown): readonly Rule[] {
    return [...this.rules.values()].filter((rule) => rule.state !== 'DISABLED' && rule.matches(event));
  }

  #schedule(expression: string): Rule['schedule'] {
    if (this.name !== DEFAULT_BUS) {
      throw new EventsValidationError(
        `ScheduleExpression is supported only on the default event bus. Got ${expression} on ${this.name}`,
      );
    }
    return { expression, recurrence: parseRuleSchedule(expression) };
  }
}

function checkRuleName(name: string): void {
  if (/^[.\-_A-Za-z0-9]{1,64}$/.test(name)) return;
  throw new EventsValidationError(
    `name: expected 1 to 64 letters, digits, dots, hyphens or underscores, got ${name}`,
  );
}

function knownState(state: string): RuleState {
  const known = STATES.find((one) => one === state);
  if (known !== undefined) return known;
  throw new EventsValidationError(`state: expected one of ${STATES.join(', ')}, got ${state}`);
}
