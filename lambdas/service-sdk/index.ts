/** What a business function imports: everything of the platform that it may use. It knows nothing of Redis. */
export { isChannelName, userChannel } from '../contract/channel';
export { PROTOCOL_ERRORS } from '../contract/codes';
export { type Allowance, MAX_PUBLICATION_BYTES } from '../contract/delivery';
export type { Envelope, EnvelopeEvent } from '../contract/envelope';
export type { JsonObject, JsonValue } from '../contract/json';
export { AllowanceError } from './authorizations';
export {
  AlreadyRepliedError,
  type CommandContext,
  type PublicationOptions,
  type PublishContext,
  type PublishOptions,
  type RpcContext,
  type SendContext,
  type SubscribeContext,
} from './contexts';
export {
  defineService,
  type ServiceDefinition,
  ServiceDefinitionError,
  type ServiceHandler,
} from './define-service';
export type { PublishHandler, RpcMethod, SendHandler, SubscribeHandler } from './handlers';
export { PublicationError } from './publications';
export { MAX_REPLY_BYTES } from './replies';
export { RpcError, type RpcErrorOptions } from './rpc-error';
export type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema';
