import { namespaceOf } from '../contract/channel';
import type { Envelope } from '../contract/envelope';
import { log } from '../contract/log';
import { GATEWAY_SERVICE, METHOD_NAME, NAMESPACE_NAME, RPC_METHOD, SERVICE_NAME } from '../contract/registry';
import { acceptedEnvelope, NotAcceptedError } from './acceptance';
import { PublishExchange, RpcExchange } from './command-exchange';
import { EnvelopeEventError } from './envelope-event';
import { Exchange, factsOf } from './exchange';
import type {
  LifecycleHandlers,
  ObserveHandler,
  PublishHandler,
  RpcMethod,
  SendHandler,
  SubscribeHandler,
} from './handlers';
import { acceptedLifecycle, isLifecycle, runLifecycle } from './lifecycle';
import { measured } from './metrics';
import { type Platform, platform } from './platform';
import { type BatchResponse, handleBatch, isQueueEvent } from './queue';
import {
  type ObserveRun,
  observeRunOf,
  type PublishRun,
  publishRunOf,
  type RpcRun,
  rpcRunOf,
  runObserve,
  runPublish,
  runRpc,
  runSend,
  runSubscribe,
  type SendRun,
  sendRunOf,
} from './runs';

export interface ServiceDefinition<Inputs, Publications = object, Message = unknown, Observations = object> {
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
  /**
   * Whether `send`, `on` and `observe` get replays: from the bus's archive, and dead letters that are given another try. Nothing
   * that a client waits for ever runs again. What they publish is looked for in the log of its channel and is published where the log
   * proves that it is not there; where the log does not reach back that far, it goes to the dead letters as `stale`. `once` keeps its
   * guards for 30 days, longer than anything is archived. Other effects are the service's own affair.
   * @default false
   */
  readonly replays?: boolean;
  /** Lifecycle events by their names. @default - the service is told of none */
  readonly on?: LifecycleHandlers;
  /** By whole methods of other services, `chat.send`. @default - the service is told of no calls of others */
  readonly observe?: { readonly [Method in keyof Observations]: ObserveHandler<Observations[Method]> };
}

/** The Lambda handler of a service: takes an event of the bus, or a batch of them from its queue, and checks them. */
export interface ServiceHandler {
  (event: unknown): Promise<BatchResponse | undefined>;
  /** As defined. */
  readonly serviceName: string;
}

/** A service is declared or deployed wrongly. */
export class ServiceDefinitionError extends Error {
  override readonly name = 'ServiceDefinitionError';
}

interface Runs {
  readonly methods: ReadonlyMap<string, RpcRun>;
  readonly publish: ReadonlyMap<string, PublishRun>;
  readonly subscribe: ReadonlyMap<string, SubscribeHandler>;
  readonly send: SendRun | undefined;
  readonly on: LifecycleHandlers;
  readonly replays: boolean;
  readonly observe: ReadonlyMap<string, ObserveRun>;
}

function runsOf<Inputs, Publications, Message, Observations>(
  definition: ServiceDefinition<Inputs, Publications, Message, Observations>,
): Runs {
  const { rpc, publish, subscribe = {}, send, on = {}, observe, replays = false } = definition;
  const methods = new Map<string, RpcRun>();
  for (const method in rpc) methods.set(method, rpcRunOf(rpc[method]));
  const publishes = new Map<string, PublishRun>();
  for (const namespace in publish) publishes.set(namespace, publishRunOf(publish[namespace]));
  const observes = new Map<string, ObserveRun>();
  for (const method in observe) observes.set(method, observeRunOf(observe[method]));
  return {
    methods,
    publish: publishes,
    subscribe: new Map(Object.entries(subscribe)),
    send: send && sendRunOf(send),
    on,
    replays,
    observe: observes,
  };
}

function checkDefinition(name: string, { methods, publish, subscribe, observe }: Runs): void {
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
  for (const method of observe.keys()) {
    if (!RPC_METHOD.test(method) || method.startsWith(`${name}.`)) {
      throw new ServiceDefinitionError(
        `method that ${name} observes: expected service.method of another service, got ${method}`,
      );
    }
  }
}

function methodOf({ service, method }: Extract<Envelope, { kind: 'rpc' }>, { methods }: Runs) {
  return method.startsWith(`${service}.`) ? methods.get(method.slice(service.length + 1)) : undefined;
}

async function work(
  { envelope, replayed }: { readonly envelope: Envelope; readonly replayed: boolean },
  reached: Platform,
  runs: Runs,
  queued: boolean,
): Promise<void> {
  if (envelope.kind === 'rpc' && envelope.service !== reached.serviceName) {
    return runObserve(new Exchange(envelope, reached, replayed), runs.observe.get(envelope.method));
  }
  switch (envelope.kind) {
    case 'rpc':
      return runRpc(new RpcExchange(envelope, reached), methodOf(envelope, runs), queued);
    case 'publish':
      return runPublish(
        new PublishExchange(envelope, reached),
        runs.publish.get(namespaceOf(envelope.channel)),
        queued,
      );
    case 'subscribe':
      return runSubscribe(
        new Exchange(envelope, reached),
        reached,
        runs.subscribe.get(namespaceOf(envelope.channel)),
      );
    case 'send':
      return runSend(new Exchange(envelope, reached, replayed), runs.send);
  }
}

/** What was accepted; undefined for an event that must not run. */
async function accept<Accepted>(accepted: () => Promise<Accepted>): Promise<Accepted | undefined> {
  try {
    return await accepted();
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

/** @param queued whether it came by a queue, whose failures nobody else answers */
async function handleEvent(event: unknown, reached: Platform, runs: Runs, queued: boolean): Promise<void> {
  const { environment, serviceName, publicKeys } = reached;
  const whose = { environment, service: serviceName };
  if (isLifecycle(event)) {
    const told = await accept(() => acceptedLifecycle(event, reached, runs.replays));
    if (told) {
      const of = { ...whose, facts: { event: told.event.event, id: told.event.id } };
      await measured(of, () => runLifecycle(told, runs.on, reached));
    }
    return;
  }
  const takes = { observes: (method: string) => runs.observe.has(method), replays: runs.replays };
  const accepted = await accept(() => acceptedEnvelope(event, serviceName, publicKeys, takes));
  if (accepted === undefined) return;
  const of = { ...whose, facts: factsOf(accepted.envelope) };
  await measured(of, () => work(accepted, reached, runs, queued));
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
export function defineService<Inputs, Publications = object, Message = unknown, Observations = object>(
  definition: ServiceDefinition<Inputs, Publications, Message, Observations>,
): ServiceHandler {
  const { name } = definition;
  const runs = runsOf(definition);
  checkDefinition(name, runs);
  const handle = async (event: unknown) => {
    const reached = platform();
    if (reached.serviceName !== name) {
      throw new ServiceDefinitionError(
        `SERVICE_NAME: expected ${name} as defined, got ${reached.serviceName}`,
      );
    }
    if (isQueueEvent(event)) return handleBatch(event, (each) => handleEvent(each, reached, runs, true));
    await handleEvent(event, reached, runs, false);
    return undefined;
  };
  return Object.assign(handle, { serviceName: name });
}
