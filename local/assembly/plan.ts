import { ResourceCycleError, UnknownReferenceError } from './errors';
import { referencesOf } from './references';
import type { Template, TemplateResource } from './template';

/**
 * Logical ids in an order in which they can be created: after everything that they refer to or depend on, otherwise as the
 * template has them. Resources whose condition does not hold are left out, and references to them are no dependencies.
 * @param holds whether a named condition holds; by default all do
 * @throws ResourceCycleError, UnknownReferenceError
 */
export function planResources(
  stackName: string,
  template: Template,
  holds: (condition: string) => boolean = () => true,
): string[] {
  const included = new Map(
    Object.entries(template.Resources).filter(
      ([, resource]) => resource.Condition === undefined || holds(resource.Condition),
    ),
  );
  const ordered = new Set<string>();
  const visit = (logicalId: string, above: readonly string[]): void => {
    if (ordered.has(logicalId)) return;
    const start = above.indexOf(logicalId);
    if (start !== -1) throw new ResourceCycleError(stackName, [...above.slice(start), logicalId]);
    const resource = included.get(logicalId);
    if (resource === undefined) return;
    for (const needed of dependenciesOf(stackName, logicalId, resource, template))
      visit(needed, [...above, logicalId]);
    ordered.add(logicalId);
  };
  for (const logicalId of included.keys()) visit(logicalId, []);
  return [...ordered];
}

function dependenciesOf(
  stackName: string,
  logicalId: string,
  resource: TemplateResource,
  template: Template,
): readonly string[] {
  const named = [resource.DependsOn ?? []].flat();
  const wrong = named.find((target) => !Object.hasOwn(template.Resources, target));
  if (wrong !== undefined) throw new UnknownReferenceError(stackName, logicalId, wrong);
  const referenced = [...referencesOf([resource.Properties, resource.UpdatePolicy])];
  for (const target of referenced) {
    if (!Object.hasOwn(template.Resources, target) && !Object.hasOwn(template.Parameters, target)) {
      throw new UnknownReferenceError(stackName, logicalId, target);
    }
  }
  return [...named, ...referenced];
}
