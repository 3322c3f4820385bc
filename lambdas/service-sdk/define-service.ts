import { PROTOCOL_ERRORS } from '../contract/codes';
import type { Envelope } from '../contract/envelope';
import type { JsonValue } from '../contract/json';
import { causeOf, log } from '../contract/log';
import { GATEWAY_SERVICE, METHOD_NAME, SERVICE_NAME } from '../contract/registry';
import { acceptedEnvelope, NotAcceptedError } from './acceptance';
import { CommandExchange } from './command-exchange';
import { EnvelopeEventError } from './envelope-event';
import { checkedInput } from './method-input';
import { type Platform, platform } from './platform';
import type { RpcContext } from './rpc-context';
import { RpcError } from './rpc-error';
import type { StandardSchema } from './standard-schema';

// biome-ignore lint/suspicious/noConfusingVoidType: a method that only publishes is written without a return.
type Result = JsonValue | undefined | void;

/** A method that clients call by `rpc`. */
export interface RpcMethod<Input> {
  /** Checks the command's data and types it; data that it refuses is answered with error 107. */
  readonly input?: StandardSchema<Input>;
  /**
   * Does the work. What it returns is the reply (`null` where it returns nothing and nothing was replied); an `RpcError` is
   * answered as thrown; any other error fails the invocation, and the platform answers error 100, temporary.
   * The bus may deliver a command twice: effects have to be idempotent, as `publish` is.
   */
  readonly handle: (context: RpcContext<Input>) => Result | Promise<Result>;
}

export interface ServiceDefinition<Inputs> {
  /** The part of an rpc method before the dot: `echo` of `echo.say`. */
  readonly name: string;
  /** By method name without the service's: `say` of `echo.say`. */
  readonly rpc: { readonly [Method in keyof Inputs]: RpcMethod<Inputs[Method]> };
}

/** The Lambda handler of a service: takes an `EnvelopeEvent` and checks that it is one. */
export type ServiceHandler = (event: unknown) => Promise<void>;

/** A service is declared or deployed wrongly. */
export class ServiceDefinitionError extends Error {
  override readonly name = 'ServiceDefinitionError';
}

type Run = (exchange: CommandExchange, data: JsonValue) => Promise<Result>;

function runOf<Input>(method: RpcMethod<Input>): Run {
  const { input, handle } = method;
  return async (exchange, data) => {
    // Without a schema `Input` is `unknown`.
    const checked = input ? await checkedInput(input, data) : (data as Input);
    return handle(exchange.context(checked));
  };
}

function checkDefinition(name: string, methods: readonly string[]): void {
  if (!SERVICE_NAME.test(name) || name === GATEWAY_SERVICE) {
    throw new ServiceDefinitionError(
      `service name: expected ${SERVICE_NAME} other than ${GATEWAY_SERVICE}, got ${name}`,
    );
  }
  for (const method of methods) {
    if (!METHOD_NAME.test(method)) {
      throw new ServiceDefinitionError(`method name of ${name}: expected ${METHOD_NAME}, got ${method}`);
    }
  }
}

function methodOf({ service, method }: Envelope, methods: ReadonlyMap<string, Run>): Run {
  const run = method.startsWith(`${service}.`) ? methods.get(method.slice(service.length + 1)) : undefined;
  if (run) return run;
  throw new RpcError(PROTOCOL_ERRORS.methodNotFound.code, PROTOCOL_ERRORS.methodNotFound.message);
}

async function work(
  exchange: CommandExchange,
  envelope: Envelope,
  methods: ReadonlyMap<string, Run>,
): Promise<void> {
  const result = await methodOf(envelope, methods)(exchange, envelope.data);
  if (!exchange.replied) {
    await exchange.reply(result ?? null);
  } else if (result !== undefined) {
    exchange.log('warn', 'returned value dropped: the command has its reply');
  }
}

async function fail(exchange: CommandExchange, error: unknown): Promise<void> {
  if (exchange.replied) {
    // Failing the invocation would have the client answered a second time.
    exchange.log('error', 'method failed after its reply', causeOf(error));
  } else if (error instanceof RpcError) {
    exchange.log('info', 'answered with an error', { code: error.code });
    await exchange.replyError(error);
  } else {
    exchange.log('error', 'method failed', causeOf(error));
    throw error;
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
 * method and replies. Throws `ServiceDefinitionError` for names that the platform could not route.
 *
 * @example
 * export const handler = defineService({
 *   name: 'echo',
 *   rpc: { say: { input: v.object({ text: v.string() }), handle: ({ data, user }) => ({ text: data.text, user }) } },
 * });
 */
export function defineService<Inputs>({ name, rpc }: ServiceDefinition<Inputs>): ServiceHandler {
  const methods = new Map<string, Run>();
  for (const method in rpc) methods.set(method, runOf(rpc[method]));
  checkDefinition(name, [...methods.keys()]);
  return async (event) => {
    const reached = platform();
    const envelope = await accept(event, name, reached);
    if (!envelope) return;
    const exchange = new CommandExchange(envelope, reached);
    try {
      await work(exchange, envelope, methods);
    } catch (error) {
      await fail(exchange, error);
    }
  };
}
