import type { HttpTargetParameters } from '../../ports';
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

/** What a target of API destinations adds to the request; a value that is a path stands for what the event has there. */
export function httpParameters(
  { HttpParameters: given }: EventTarget,
  event: BusEvent,
): HttpTargetParameters | undefined {
  if (given === undefined) return undefined;
  const filled = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, resolved(value, event)]));
  return {
    path: given.PathParameterValues.map((value) => resolved(value, event)),
    headers: filled(given.HeaderParameters),
    query: filled(given.QueryStringParameters),
  };
}

/** A path that leads nowhere gives an empty string, as in an input transformer. */
function resolved(text: string, event: BusEvent): string {
  const path = text.startsWith('$.') ? parseJsonPath(text) : undefined;
  if (path === undefined) return text;
  const value = valueAt(path, event.value) ?? '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
