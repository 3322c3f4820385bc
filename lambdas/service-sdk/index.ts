/** What a business function imports: everything of the platform that it may use. It knows nothing of Redis. */
export { isChannelName, userChannel } from '../contract/channel';
export { PROTOCOL_ERRORS } from '../contract/codes';
export { MAX_PUBLICATION_BYTES } from '../contract/delivery';
export type { Envelope, EnvelopeEvent } from '../contract/envelope';
export type { JsonObject, JsonValue } from '../contract/json';
export {
  defineService,
  type RpcMethod,
  type ServiceDefinition,
  ServiceDefinitionError,
  type ServiceHandler,
} from './define-service';
export { PublicationError } from './publications';
export { MAX_REPLY_BYTES } from './replies';
export { AlreadyRepliedError, type PublishOptions, type RpcContext } from './rpc-context';
export { RpcError, type RpcErrorOptions } from './rpc-error';
export type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema';
