import {
  type Actor,
  AwsError,
  type DeliverOptions,
  type InvokeResult,
  type Invoker,
  type QueueMessage,
  type QueueSource,
  type TargetRouter,
} from '../ports';
import type { AccessControl } from './access-control';
import type { Caller, RoleCaller } from './request';

/** Whoever acts inside of the local runtime has to say in whose name. */
class UnnamedActorError extends AwsError {
  constructor(target: string) {
    super('InternalFailure', `${target}: expected an actor, got none`, 500);
  }
}

/** The caller that policies see. @throws AccessDeniedError where a role does not trust the service that takes it on */
export function callerOf(access: AccessControl, actor: Actor | undefined, target: string): Caller {
  if (actor === undefined) throw new UnnamedActorError(target);
  if (actor.roleArn === undefined) {
    return { kind: 'service', service: actor.service, sourceArn: actor.sourceArn };
  }
  return access.assume(actor.roleArn, actor.service, actor.session ?? actor.service, actor.sourceArn);
}

/** Invokes functions for services that need a permission for it. */
export class GuardedInvoker implements Invoker {
  readonly #invoker: Invoker;
  readonly #access: AccessControl;

  constructor(invoker: Invoker, access: AccessControl) {
    this.#invoker = invoker;
    this.#access = access;
  }

  /** @throws AccessDeniedError */
  async invoke(
    functionArn: string,
    payload: string,
    type: 'RequestResponse' | 'Event',
    actor?: Actor,
  ): Promise<InvokeResult> {
    const caller = callerOf(this.#access, actor, functionArn);
    this.#access.require(caller, { action: 'lambda:InvokeFunction', resource: functionArn });
    return this.#invoker.invoke(functionArn, payload, type);
  }
}

const ACTION_OF_TARGET: readonly (readonly [target: RegExp, action: string])[] = [
  [/^arn:[^:]*:lambda:/, 'lambda:InvokeFunction'],
  [/^arn:[^:]*:sqs:/, 'sqs:SendMessage'],
  [/^arn:[^:]*:events:[^:]*:[^:]*:api-destination\//, 'events:InvokeApiDestination'],
  [/^arn:[^:]*:events:/, 'events:PutEvents'],
];

/** Delivers for rules, schedules and destinations what they may deliver. Log groups are inert, and so is their policy. */
export class GuardedRouter implements TargetRouter {
  readonly #router: TargetRouter;
  readonly #access: AccessControl;

  constructor(router: TargetRouter, access: AccessControl) {
    this.#router = router;
    this.#access = access;
  }

  /** @throws AccessDeniedError, or what the target throws */
  async deliver(arn: string, payload: string, options: DeliverOptions = {}): Promise<void> {
    const action = ACTION_OF_TARGET.find(([target]) => target.test(arn))?.[1];
    if (action !== undefined) {
      this.#access.require(callerOf(this.#access, options.actor, arn), { action, resource: arn });
    }
    return this.#router.deliver(arn, payload, options);
  }
}

/** A queue as an event source mapping reads it: with the function's role. */
export class GuardedQueueSource implements QueueSource {
  readonly #source: QueueSource;
  readonly #access: AccessControl;
  readonly #caller: RoleCaller;

  constructor(source: QueueSource, access: AccessControl, caller: RoleCaller) {
    this.#source = source;
    this.#access = access;
    this.#caller = caller;
  }

  async receive(
    queueArn: string,
    options: { max: number; waitMs: number; signal: AbortSignal },
  ): Promise<QueueMessage[]> {
    this.#require('GetQueueAttributes', queueArn);
    this.#require('ReceiveMessage', queueArn);
    return this.#source.receive(queueArn, options);
  }

  delete(queueArn: string, receiptHandles: readonly string[]): void {
    this.#require('DeleteMessage', queueArn);
    this.#source.delete(queueArn, receiptHandles);
  }

  changeVisibility(queueArn: string, receiptHandle: string, visibilityMs: number): void {
    this.#require('ChangeMessageVisibility', queueArn);
    this.#source.changeVisibility(queueArn, receiptHandle, visibilityMs);
  }

  isFifo(queueArn: string): boolean {
    return this.#source.isFifo(queueArn);
  }

  #require(action: string, queueArn: string): void {
    this.#access.require(this.#caller, { action: `sqs:${action}`, resource: queueArn });
  }
}
