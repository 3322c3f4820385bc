import { AwsError, type InvokeResult } from '../../ports';

export class SecretNotFound extends AwsError {
  constructor() {
    super('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }
}

export class SecretValueNotFound extends AwsError {
  constructor(what: string) {
    super('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${what}`);
  }
}

export class ResourceExists extends AwsError {
  constructor(message: string) {
    super('ResourceExistsException', message);
  }
}

export class InvalidParameter extends AwsError {
  constructor(message: string) {
    super('InvalidParameterException', message);
  }
}

export class InvalidRequest extends AwsError {
  constructor(message: string) {
    super('InvalidRequestException', message);
  }
}

/** A step of a rotation failed: its function said so, or AWSCURRENT did not move. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
  readonly secretArn: string;
  readonly step: string;

  constructor(secretArn: string, step: string, reason: string) {
    super(`rotation of ${secretArn}: ${step} failed: ${reason}`);
    this.secretArn = secretArn;
    this.step = step;
  }

  static ofInvocation(
    secretArn: string,
    step: string,
    { functionError, payload }: InvokeResult,
  ): RotationError {
    return new RotationError(secretArn, step, `${functionError} error ${payload.slice(0, 1_000)}`);
  }
}
