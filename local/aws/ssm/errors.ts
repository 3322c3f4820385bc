import { AwsError } from '../../ports';

export class ParameterNotFound extends AwsError {
  constructor(name: string) {
    super('ParameterNotFound', `Parameter ${name} not found.`);
  }
}

export class ParameterVersionNotFound extends AwsError {
  constructor(name: string, version: string) {
    super('ParameterVersionNotFound', `Systems Manager could not find version ${version} of ${name}.`);
  }
}

export class ParameterAlreadyExists extends AwsError {
  constructor() {
    super(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    );
  }
}

export class SsmValidationException extends AwsError {
  constructor(message: string) {
    super('ValidationException', message);
  }
}

/** A parameter of the advanced tier was to become one of the standard tier. */
export class TierDowngradeRefused extends SsmValidationException {
  constructor() {
    super(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. Expected the tier Advanced or Intelligent-Tiering, got Standard.",
    );
  }
}

export class InvalidNextToken extends AwsError {
  constructor() {
    super('InvalidNextToken', 'The specified token is not valid.');
  }
}
