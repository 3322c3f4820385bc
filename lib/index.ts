/** `@holdfast/constructs`: what the CDK app of another team needs to add services to a platform that is deployed. */
export { DEFAULT_RULES, type NamespaceRules } from '../lambdas/contract/registry';
export { EntryNotFoundError } from './bundling/service-entry';
export {
  RealtimeService,
  type RealtimeServiceOverrides,
  type RealtimeServiceProps,
  type ServiceEnvironment,
} from './constructs/realtime-service';
export type { LifecycleInterest } from './constructs/service-events';
export { RegistrationSizeError } from './constructs/service-registration';
export { ServiceDefinitionError } from './service-definition';
