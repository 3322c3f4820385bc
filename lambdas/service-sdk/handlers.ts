import type { Allowance } from '../contract/delivery';
import type { JsonValue } from '../contract/json';
import type {
  LifecycleContext,
  LifecycleEvents,
  ObserveContext,
  PublishContext,
  RpcContext,
  SendContext,
  SubscribeContext,
} from './contexts';
import type { StandardSchema } from './standard-schema';

// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is written without a return.
type Nothing = undefined | void;

export type MethodResult = JsonValue | Nothing;
export type SubscribeResult = Allowance | Nothing;

/** A method that clients call by `rpc`. */
export interface RpcMethod<Input> {
  /** Checks the command's data and types it; data that it refuses is answered with error 107. */
  readonly input?: StandardSchema<Input>;
  /**
   * Does the work. What it returns is the reply (`null` where it returns nothing and nothing was replied); an `RpcError` is
   * answered as thrown; any other error fails the invocation, and the platform answers error 100, temporary.
   * The bus may deliver a command twice: effects have to be idempotent, as `publish` is.
   */
  readonly handle: (context: RpcContext<Input>) => MethodResult | Promise<MethodResult>;
}

/** Decides about what clients publish into a namespace of the service with `publish: 'service'`. */
export interface PublishHandler<Input> {
  /** Checks what is published and types it; data that it refuses is answered with error 107. */
  readonly input?: StandardSchema<Input>;
  /**
   * `accept` publishes it in the client's name; without that nothing is in the channel, and the client is answered all the same
   * when this returns: it may be a command rather than a publication. Errors as of an `RpcMethod`.
   */
  readonly handle: (context: PublishContext<Input>) => Nothing | Promise<Nothing>;
}

/** Decides who may subscribe to the channels of a namespace of the service with `subscribe: 'service'`. */
export interface SubscribeHandler {
  /**
   * Returning lets the client in, with what it returns. An `RpcError` keeps it out; `PROTOCOL_ERRORS.permissionDenied` is the
   * common one. Any other error fails the invocation, and the client is answered error 100, temporary, as where no answer comes
   * within 4.5 seconds.
   */
  readonly handle: (context: SubscribeContext) => SubscribeResult | Promise<SubscribeResult>;
}

/** Takes what clients `send`, where the configuration names the service as `sendService`. */
export interface SendHandler<Input> {
  /** Checks the message and types it; one that it refuses is dropped with a log line. */
  readonly input?: StandardSchema<Input>;
  /**
   * Nobody waits for it. An `RpcError` drops the message with a log line; after any other error it is tried again, twice, then kept
   * in the service's queue of events that were not handled. It may come twice and in any order (`envelope.id`, `envelope.seq`).
   */
  readonly handle: (context: SendContext<Input>) => Nothing | Promise<Nothing>;
}

/**
 * Is told of each call of another service's method, whose own handler it does not touch: it runs beside it, replies nothing and
 * is tried again by itself. Needs the method in `observes` of `infra.ts`.
 */
export interface ObserveHandler<Input> {
  /** Checks the command's data and types it; a call that it refuses is dropped with a log line. */
  readonly input?: StandardSchema<Input>;
  /** Errors, repeats and order as of a `SendHandler`. The call may have failed: what it came to is not known here. */
  readonly handle: (context: ObserveContext<Input>) => Nothing | Promise<Nothing>;
}

/** Is told of what happens to connections, subscriptions and channels. Needs the event in `lifecycle` of `infra.ts`. */
export interface LifecycleHandler<Name extends keyof LifecycleEvents> {
  /** Errors, repeats and order as of a `SendHandler`; `event.id` names what happened. */
  readonly handle: (context: LifecycleContext<Name>) => Nothing | Promise<Nothing>;
}

export type LifecycleHandlers = { readonly [Name in keyof LifecycleEvents]?: LifecycleHandler<Name> };
