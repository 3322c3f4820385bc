export { type Assembly, loadAssembly, type StackTemplate } from './assembly';
export * from './errors';
export type { PseudoParameters, ResolverLookups, SecretQuery } from './lookups';
export { planResources } from './plan';
export { referencesOf } from './references';
export { type ResolvedOutput, StackResolver, type StackResolverOptions } from './resolver';
export { checkResourceTypes } from './resource-types';
export { constructPath, parseTemplate, type Template, type TemplateResource } from './template';
