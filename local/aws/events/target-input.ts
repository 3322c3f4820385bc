import { type TransformContext, transformInput } from './input-transformer';
import { parseJsonPath, valueAt } from './json-path';
import type { BusEvent } from './put-events';
import type { EventTarget } from './target';

/** The payload that a target gets for an event: the whole event, a part of it, a constant, or a filled template. */
export function targetInput(target: EventTarget, event: BusEvent, context: TransformContext): string {
  if (target.Input !== undefined) return target.Input;
  if (target.InputTransformer !== undefined) return transformInput(target.InputTransformer, event, context);
  if (target.InputPath === undefined || target.InputPath === '$') return event.text;
  return JSON.stringify(valueAt(parseJsonPath(target.InputPath) ?? [], event.value) ?? null);
}
