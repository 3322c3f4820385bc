/** What a business function imports: everything of the platform that it may use. It knows nothing of Redis. */
export { isChannelName, userChannel } from '../contract/channel';
export { PROTOCOL_ERRORS } from '../contract/codes';
export { type Allowance, MAX_PUBLICATION_BYTES } from '../contract/delivery';
export type { Envelope, EnvelopeEvent } from '../contract/envelope';
export type { JsonObject, JsonValue } from '../contract/json';
export { EXPIRY_ATTRIBUTE, TABLE_KEY } from '../contract/table';
export { AllowanceError } from './authorizations';
export {
  AlreadyRepliedError,
  type CommandContext,
  type ConnectionOptions,
  type DisconnectOptions,
  type Effects,
  type LifecycleContext,
  type LifecycleEvents,
  type ObserveContext,
  type OnceOptions,
  type PublicationOptions,
  type PublishContext,
  type PublishOptions,
  type RpcContext,
  type SendContext,
  type SentToUser,
  type SubscribeContext,
  type SubscriptionOptions,
} from './contexts';
export {
  defineService,
  type ServiceDefinition,
  ServiceDefinitionError,
  type ServiceHandler,
} from './define-service';
export type {
  LifecycleHandler,
  LifecycleHandlers,
  ObserveHandler,
  PublishHandler,
  RpcMethod,
  SendHandler,
  SubscribeHandler,
} from './handlers';
export { ConditionFailedError, GUARD_KEPT_SECONDS, type GuardedWrite, type OnceOutcome } from './once';
export { PublicationError } from './publications';
export { MAX_REPLY_BYTES } from './replies';
export { RequestNotTakenError } from './requests';
export { RpcError, type RpcErrorOptions } from './rpc-error';
export type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema';
export { type ServiceTable, serviceTable } from './table';
