import { AwsError } from '../../ports';

const PREFIX = 'AWS.SimpleQueueService.';

export class QueueDoesNotExist extends AwsError {
  constructor(got: string) {
    super(
      'com.amazonaws.sqs#QueueDoesNotExist',
      `The specified queue does not exist. Got: ${got}`,
      400,
      `${PREFIX}NonExistentQueue`,
    );
  }
}

export class QueueNameExists extends AwsError {
  constructor(name: string) {
    super(
      'com.amazonaws.sqs#QueueNameExists',
      `A queue already exists with the name ${name}.`,
      400,
      'QueueAlreadyExists',
    );
  }
}

export class MissingParameter extends AwsError {
  constructor(name: string) {
    super(
      'com.amazon.coral.service#MissingRequiredParameterException',
      `The request must contain the parameter ${name}.`,
      400,
      'MissingParameter',
    );
  }
}

export class InvalidParameterValue extends AwsError {
  constructor(message: string) {
    super('com.amazon.coral.service#InvalidParameterValueException', message, 400, 'InvalidParameterValue');
  }
}

export class InvalidAttributeName extends AwsError {
  constructor(name: string) {
    super(
      'com.amazonaws.sqs#InvalidAttributeName',
      `Unknown Attribute ${name}.`,
      400,
      'InvalidAttributeName',
    );
  }
}

export class InvalidAttributeValue extends AwsError {
  constructor(name: string, expected: string, got: string) {
    super(
      'com.amazonaws.sqs#InvalidAttributeValue',
      `Invalid value for the parameter ${name}: expected ${expected}, got ${got}.`,
      400,
      'InvalidAttributeValue',
    );
  }
}

export class InvalidMessageContents extends AwsError {
  constructor() {
    super(
      'com.amazonaws.sqs#InvalidMessageContents',
      'Invalid characters were found in the message body. Valid unicode characters are ' +
        '#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
      400,
      'InvalidMessageContents',
    );
  }
}

/** A queue or task of a message move that does not exist. */
export class ResourceNotFound extends AwsError {
  constructor(message: string) {
    super('com.amazonaws.sqs#ResourceNotFoundException', message, 404, 'ResourceNotFoundException');
  }
}

export class ReceiptHandleIsInvalid extends AwsError {
  constructor(handle: string) {
    super(
      'com.amazonaws.sqs#ReceiptHandleIsInvalid',
      `The input receipt handle "${handle.slice(0, 80)}" is not a valid receipt handle.`,
      400,
      'ReceiptHandleIsInvalid',
    );
  }
}

export class MessageNotInflight extends AwsError {
  constructor() {
    super(
      'com.amazonaws.sqs#MessageNotInflight',
      'The message is not in flight.',
      400,
      `${PREFIX}MessageNotInflight`,
    );
  }
}

export class OverLimit extends AwsError {
  constructor(limit: number) {
    super(
      'com.amazonaws.sqs#OverLimit',
      `expected at most ${limit} messages in flight, got more`,
      400,
      'OverLimit',
    );
  }
}

export class PurgeQueueInProgress extends AwsError {
  constructor(name: string) {
    super(
      'com.amazonaws.sqs#PurgeQueueInProgress',
      `Only one PurgeQueue operation on ${name} is allowed every 60 seconds.`,
      403,
      `${PREFIX}PurgeQueueInProgress`,
    );
  }
}

export class EmptyBatchRequest extends AwsError {
  constructor() {
    super(
      'com.amazonaws.sqs#EmptyBatchRequest',
      'There should be at least one entry in the request.',
      400,
      `${PREFIX}EmptyBatchRequest`,
    );
  }
}

export class TooManyEntriesInBatchRequest extends AwsError {
  constructor(got: number) {
    super(
      'com.amazonaws.sqs#TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are 10. You have sent ${got}.`,
      400,
      `${PREFIX}TooManyEntriesInBatchRequest`,
    );
  }
}

export class BatchEntryIdsNotDistinct extends AwsError {
  constructor(id: string) {
    super(
      'com.amazonaws.sqs#BatchEntryIdsNotDistinct',
      `Id ${id} repeated.`,
      400,
      `${PREFIX}BatchEntryIdsNotDistinct`,
    );
  }
}

export class InvalidBatchEntryId extends AwsError {
  constructor() {
    super(
      'com.amazonaws.sqs#InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. ' +
        'It can be at most 80 letters long.',
      400,
      `${PREFIX}InvalidBatchEntryId`,
    );
  }
}

export class BatchRequestTooLong extends AwsError {
  constructor(limit: number, got: number) {
    super(
      'com.amazonaws.sqs#BatchRequestTooLong',
      `Batch requests cannot be longer than ${limit} bytes. You have sent ${got} bytes.`,
      400,
      `${PREFIX}BatchRequestTooLong`,
    );
  }
}
