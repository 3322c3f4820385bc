import type { StackTemplate } from './assembly';
import { type UnknownResource, UnknownResourceTypesError } from './errors';
import { constructPath } from './template';

/**
 * Conditions are not looked at: a type must be known even where its resource is switched off.
 * @throws UnknownResourceTypesError listing every resource of an unknown type, sorted by type
 */
export function checkResourceTypes(stacks: readonly StackTemplate[], known: ReadonlySet<string>): void {
  const unknown: UnknownResource[] = stacks.flatMap(({ name, template }) =>
    Object.entries(template.Resources)
      .filter(([, resource]) => !known.has(resource.Type))
      .map(([logicalId, resource]) => ({
        type: resource.Type,
        stackName: name,
        logicalId,
        constructPath: constructPath(resource),
      })),
  );
  if (unknown.length === 0) return;
  throw new UnknownResourceTypesError(
    unknown.sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0)),
  );
}
