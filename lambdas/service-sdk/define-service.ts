import { namespaceOf } from '../contract/channel';
import type { Envelope } from '../contract/envelope';
import { log } from '../contract/log';
import { GATEWAY_SERVICE, METHOD_NAME, NAMESPACE_NAME, SERVICE_NAME } from '../contract/registry';
import { acceptedEnvelope, NotAcceptedError } from './acceptance';
import { PublishExchange, RpcExchange } from './command-exchange';
import { EnvelopeEventError } from './envelope-event';
import { Exchange } from './exchange';
import type { PublishHandler, RpcMethod, SendHandler, SubscribeHandler } from './handlers';
import { type Platform, platform } from './platform';
import {
  type PublishRun,
  publishRunOf,
  type RpcRun,
  rpcRunOf,
  runPublish,
  runRpc,
  runSend,
  runSubscribe,
  type SendRun,
  sendRunOf,
} from './runs';

export interface ServiceDefinition<Inputs, Publications = object, Message = unknown> {
  /** The part of an rpc method before the dot: `echo` of `echo.say`. */
  readonly name: string;
  /** By method name without the service's: `say` of `echo.say`. @default - no methods */
  readonly rpc?: { readonly [Method in keyof Inputs]: RpcMethod<Inputs[Method]> };
  /** By namespace of the service. @default - clients that publish to it are answered with error 108 */
  readonly publish?: { readonly [Namespace in keyof Publications]: PublishHandler<Publications[Namespace]> };
  /** By namespace of the service. @default - clients that subscribe by its word are answered with error 103 */
  readonly subscribe?: { readonly [namespace: string]: SubscribeHandler };
  /** @default - messages are dropped with a log line */
  readonly send?: SendHandler<Message>;
}

/** The Lambda handler of a service: takes an `EnvelopeEvent` and checks that it is one. */
export type ServiceHandler = (event: unknown) => Promise<void>;

/** A service is declared or deployed wrongly. */
export class ServiceDefinitionError extends Error {
  override readonly name = 'ServiceDefinitionError';
}

interface Runs {
  readonly methods: ReadonlyMap<string, RpcRun>;
  readonly publish: ReadonlyMap<string, PublishRun>;
  readonly subscribe: ReadonlyMap<string, SubscribeHandler>;
  readonly send: SendRun | undefined;
}

function runsOf<Inputs, Publications, Message>(
  definition: ServiceDefinition<Inputs, Publications, Message>,
): Runs {
  const { rpc, publish, subscribe = {}, send } = definition;
  const methods = new Map<string, RpcRun>();
  for (const method in rpc) methods.set(method, rpcRunOf(rpc[method]));
  const publishes = new Map<string, PublishRun>();
  for (const namespace in publish) publishes.set(namespace, publishRunOf(publish[namespace]));
  return {
    methods,
    publish: publishes,
    subscribe: new Map(Object.entries(subscribe)),
    send: send && sendRunOf(send),
  };
}

function checkDefinition(name: string, { methods, publish, subscribe }: Runs): void {
  if (!SERVICE_NAME.test(name) || name === GATEWAY_SERVICE) {
    throw new ServiceDefinitionError(
      `service name: expected ${SERVICE_NAME} other than ${GATEWAY_SERVICE}, got ${name}`,
    );
  }
  for (const method of methods.keys()) {
    if (!METHOD_NAME.test(method)) {
      throw new ServiceDefinitionError(`method name of ${name}: expected ${METHOD_NAME}, got ${method}`);
    }
  }
  for (const namespace of [...publish.keys(), ...subscribe.keys()]) {
    if (!NAMESPACE_NAME.test(namespace)) {
      throw new ServiceDefinitionError(`namespace of ${name}: expected ${NAMESPACE_NAME}, got ${namespace}`);
    }
  }
}

function methodOf({ service, method }: Extract<Envelope, { kind: 'rpc' }>, { methods }: Runs) {
  return method.startsWith(`${service}.`) ? methods.get(method.slice(service.length + 1)) : undefined;
}

async function work(envelope: Envelope, reached: Platform, runs: Runs): Promise<void> {
  switch (envelope.kind) {
    case 'rpc':
      return runRpc(new RpcExchange(envelope, reached), methodOf(envelope, runs));
    case 'publish':
      return runPublish(
        new PublishExchange(envelope, reached),
        runs.publish.get(namespaceOf(envelope.channel)),
      );
    case 'subscribe':
      return runSubscribe(
        new Exchange(envelope, reached),
        reached,
        runs.subscribe.get(namespaceOf(envelope.channel)),
      );
    case 'send':
      return runSend(new Exchange(envelope, reached), runs.send);
  }
}

async function accept(event: unknown, name: string, { serviceName, publicKeys }: Platform) {
  if (serviceName !== name) {
    throw new ServiceDefinitionError(`SERVICE_NAME: expected ${name} as defined, got ${serviceName}`);
  }
  try {
    return await acceptedEnvelope(event, name, publicKeys);
  } catch (error) {
    const known = error instanceof NotAcceptedError || error instanceof EnvelopeEventError;
    if (!known) throw error;
    // No failure of this function: a retry or an error to the client would help someone who forges, or nobody.
    log(
      'warn',
      `event not accepted: ${error.message}`,
      error instanceof NotAcceptedError ? error.fields : {},
    );
    return undefined;
  }
}

/**
 * Makes the Lambda handler of a service. It verifies who made an event, its age and deadline, checks the input, runs the
 * handler and answers. Throws `ServiceDefinitionError` for names that the platform could not route.
 *
 * @example
 * export const handler = defineService({
 *   name: 'echo',
 *   rpc: { say: { input: v.object({ text: v.string() }), handle: ({ data, user }) => ({ text: data.text, user }) } },
 * });
 */
export function defineService<Inputs, Publications = object, Message = unknown>(
  definition: ServiceDefinition<Inputs, Publications, Message>,
): ServiceHandler {
  const { name } = definition;
  const runs = runsOf(definition);
  checkDefinition(name, runs);
  return async (event) => {
    const reached = platform();
    const envelope = await accept(event, name, reached);
    if (envelope) await work(envelope, reached, runs);
  };
}
