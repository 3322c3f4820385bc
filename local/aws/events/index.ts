export type { ArchiveOptions } from './archive';
export type { Rule, RuleOptions, RuleState } from './bus';
export type { RetryTiming } from './deliveries';
export { compilePattern, type EventPattern, type EventTest } from './pattern';
export { InvalidEventPatternError } from './pattern-error';
export type { BusEvent, PutEventsEntry, PutEventsResult } from './put-events';
export { type EventBridgeOptions, EventBridgeService } from './service';
export { type EventTarget, InvalidTargetError } from './target';
