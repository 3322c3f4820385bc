import { randomUUID } from 'node:crypto';
import type { Actor, Invoker } from '../../ports';
import { InvalidRequest, RotationError } from './errors';
import { CURRENT, PENDING, type Secret } from './secret';

/** It tells Lambda the account, but not which secret it is. */
const SECRETS_MANAGER: Actor = { service: 'secretsmanager.amazonaws.com' };

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

/** Rotates one secret by its function, one rotation at a time. */
export class Rotation {
  readonly functionArn: string;
  readonly #secret: Secret;
  readonly #invoker: Invoker;
  #running: Promise<void> | undefined;
  /** Epoch milliseconds. */
  rotatedAt: number | undefined;

  constructor(secret: Secret, functionArn: string, invoker: Invoker) {
    this.#secret = secret;
    this.functionArn = functionArn;
    this.#invoker = invoker;
  }

  /** Version that an earlier rotation left pending, which the next one takes up again. */
  get unfinished(): string | undefined {
    const pending = this.#secret.withStage(PENDING);
    return pending?.stages.has(CURRENT) ? undefined : pending?.id;
  }

  /**
   * Runs the four steps. `token` names the new version; an unfinished rotation keeps its own. Rejects with
   * RotationError when a step fails, and with InvalidRequest while another rotation of the secret runs.
   */
  async run(token: string = randomUUID()): Promise<void> {
    if (this.#running) {
      throw new InvalidRequest(`A rotation of ${this.#secret.name} is running; expected it to end first.`);
    }
    this.#running = this.#steps(token);
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #steps(token: string): Promise<void> {
    const { arn } = this.#secret;
    const version = this.unfinished ?? token;
    // The function looks for its token among the versions before it puts a value.
    if (this.unfinished === undefined) this.#secret.addPending(token);
    for (const Step of STEPS) {
      const event = JSON.stringify({
        ClientRequestToken: version,
        SecretId: arn,
        Step,
      });
      const result = await this.#invoker.invoke(this.functionArn, event, 'RequestResponse', SECRETS_MANAGER);
      if (result.functionError !== undefined) throw RotationError.ofInvocation(arn, Step, result);
    }
    const current = this.#secret.withStage(CURRENT)?.id;
    if (current !== version) {
      throw new RotationError(
        arn,
        'finishSecret',
        `expected ${CURRENT} on version ${version}, got it on ${current}`,
      );
    }
    this.rotatedAt = Date.now();
  }
}
