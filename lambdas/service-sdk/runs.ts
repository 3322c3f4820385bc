import { PROTOCOL_ERRORS } from '../contract/codes';
import type { Allowance } from '../contract/delivery';
import type {
  Signed,
  UnsignedRpcEnvelope,
  UnsignedSendEnvelope,
  UnsignedSubscribeEnvelope,
} from '../contract/envelope';
import type { JsonValue } from '../contract/json';
import { causeOf, type log } from '../contract/log';
import type { PublishExchange, RpcExchange } from './command-exchange';
import type { Exchange } from './exchange';
import type {
  MethodResult,
  ObserveHandler,
  PublishHandler,
  RpcMethod,
  SendHandler,
  SubscribeHandler,
} from './handlers';
import { checkedInput } from './method-input';
import type { Platform } from './platform';
import { RpcError } from './rpc-error';
import type { StandardSchema } from './standard-schema';

/** Works on one envelope of its kind. */
export type RpcRun = (exchange: RpcExchange) => Promise<MethodResult>;
export type PublishRun = (exchange: PublishExchange) => Promise<void>;
export type ObserveRun = (exchange: Exchange<Signed<UnsignedRpcEnvelope>>) => Promise<void>;
export type SendRun = (exchange: Exchange<Signed<UnsignedSendEnvelope>>) => Promise<void>;

/** Without a schema `Input` is `unknown`. */
async function inputOf<Input>(schema: StandardSchema<Input> | undefined, data: JsonValue): Promise<Input> {
  return schema ? checkedInput(schema, data) : (data as Input);
}

export function rpcRunOf<Input>({ input, handle }: RpcMethod<Input>): RpcRun {
  return async (exchange) => handle(exchange.rpcContext(await inputOf(input, exchange.envelope.data)));
}

export function publishRunOf<Input>({ input, handle }: PublishHandler<Input>): PublishRun {
  return async (exchange) => {
    await handle(exchange.publishContext(await inputOf(input, exchange.envelope.data)));
  };
}

export function observeRunOf<Input>({ input, handle }: ObserveHandler<Input>): ObserveRun {
  return async (exchange) => {
    await handle(exchange.context(await inputOf(input, exchange.envelope.data)));
  };
}

export function sendRunOf<Input>({ input, handle }: SendHandler<Input>): SendRun {
  return async (exchange) => {
    await handle(exchange.context(await inputOf(input, exchange.envelope.data)));
  };
}

/** A command of a kind or to a name that the service does not handle. */
export function notHandled(error: { readonly code: number; readonly message: string }): RpcError {
  return new RpcError(error.code, error.message);
}

export async function runRpc(exchange: RpcExchange, run: RpcRun | undefined, queued: boolean): Promise<void> {
  await answering(exchange, queued, async () => {
    if (run === undefined) throw notHandled(PROTOCOL_ERRORS.methodNotFound);
    const result = await run(exchange);
    if (!exchange.replied) {
      await exchange.reply(result ?? null);
    } else if (result !== undefined) {
      exchange.log('warn', 'returned value dropped: the command has its reply');
    }
  });
}

export async function runPublish(
  exchange: PublishExchange,
  run: PublishRun | undefined,
  queued: boolean,
): Promise<void> {
  await answering(exchange, queued, async () => {
    if (run === undefined) throw notHandled(PROTOCOL_ERRORS.notAvailable);
    await run(exchange);
    if (!exchange.replied) await exchange.reply();
  });
}

async function answering(
  exchange: RpcExchange | PublishExchange,
  queued: boolean,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (exchange.replied) {
      // Failing the invocation would have the client answered a second time.
      exchange.log('error', 'handler failed after its reply', causeOf(error));
    } else if (error instanceof RpcError) {
      exchange.log('info', 'answered with an error', { code: error.code });
      await exchange.replyError(error);
    } else {
      exchange.log('error', 'handler failed', causeOf(error));
      // Behind a queue there is no destination that would answer, and a second run would come too late.
      if (!queued) throw error;
      const { code, message } = PROTOCOL_ERRORS.internal;
      await exchange.replyError(new RpcError(code, message, { temporary: true }));
    }
  }
}

/** Asks the handler, and sends its decision. */
export async function runSubscribe(
  exchange: Exchange<Signed<UnsignedSubscribeEnvelope>>,
  { authorizations }: Platform,
  handler: SubscribeHandler | undefined,
): Promise<void> {
  const decision = await decide(exchange, handler);
  const { client, channel, commandId, question, service } = exchange.envelope;
  const { traceparent } = exchange;
  const answer = { client, channel, commandId, question, source: service, traceparent };
  await authorizations.send({ v: 1, type: 'authorization', ...answer, ...decision });
}

async function decide(
  exchange: Exchange<Signed<UnsignedSubscribeEnvelope>>,
  handler: SubscribeHandler | undefined,
): Promise<{ readonly allow: Allowance } | { readonly deny: ReturnType<RpcError['toProtocolError']> }> {
  const { channel, data, deadline } = exchange.envelope;
  try {
    if (handler === undefined) throw notHandled(PROTOCOL_ERRORS.permissionDenied);
    const remainingMs = () => deadline - Date.now();
    return { allow: (await handler.handle({ ...exchange.context(data), channel, remainingMs })) ?? {} };
  } catch (error) {
    if (error instanceof RpcError) return { deny: error.toProtocolError() };
    exchange.log('error', 'handler failed', causeOf(error));
    throw error;
  }
}

export async function runSend(
  exchange: Exchange<Signed<UnsignedSendEnvelope>>,
  run: SendRun | undefined,
): Promise<void> {
  await unawaited(exchange.log, 'message dropped', async () => {
    if (run === undefined) throw notHandled(PROTOCOL_ERRORS.notAvailable);
    await run(exchange);
  });
}

export async function runObserve(
  exchange: Exchange<Signed<UnsignedRpcEnvelope>>,
  run: ObserveRun | undefined,
): Promise<void> {
  await unawaited(exchange.log, 'call dropped', async () => run?.(exchange));
}

/** Work that nobody waits for: an `RpcError` ends it, anything else fails the invocation, which comes again. */
export async function unawaited(
  write: typeof log,
  dropped: string,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RpcError)) {
      write('error', 'handler failed', causeOf(error));
      throw error;
    }
    write('warn', dropped, { code: error.code });
  }
}
