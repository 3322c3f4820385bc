import type { JsonObject, JsonValue } from '../../lambdas/contract/json';

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as JsonValue];
}

/**
 * The statements that allow what a statement allows, but for one action on one resource: the other actions on everything, and
 * the action on the other resources.
 */
export function withoutPair(statement: JsonObject, action: JsonValue, resource: JsonValue): JsonObject[] {
  const actions = listOf(statement['Action']).filter((each) => each !== action);
  const resources = listOf(statement['Resource']).filter((each) => each !== resource);
  return [
    ...(actions.length > 0 ? [{ ...statement, Action: actions }] : []),
    ...(resources.length > 0 ? [{ ...statement, Action: action, Resource: resources }] : []),
  ];
}
