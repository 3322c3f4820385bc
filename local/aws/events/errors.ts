import { AwsError } from '../../ports';

type Kind = 'Event bus' | 'Archive' | 'Replay' | 'Connection' | 'ApiDestination';

/** A bus, rule, archive, replay, connection or API destination that does not exist. */
export class EventsResourceNotFoundError extends AwsError {
  override readonly name = 'EventsResourceNotFoundError';

  constructor(kind: Kind | 'Rule', name: string) {
    super('ResourceNotFoundException', `${kind} ${name} does not exist.`);
  }
}

export class EventsResourceExistsError extends AwsError {
  override readonly name = 'EventsResourceExistsError';

  constructor(kind: Kind, name: string) {
    super('ResourceAlreadyExistsException', `${kind} ${name} already exists.`);
  }
}

/** A member of a request with a value that EventBridge refuses. */
export class EventsValidationError extends AwsError {
  override readonly name = 'EventsValidationError';

  constructor(message: string) {
    super('ValidationException', message);
  }
}

export class EventsLimitError extends AwsError {
  override readonly name = 'EventsLimitError';

  constructor(message: string) {
    super('LimitExceededException', message);
  }
}

/** A replay that is over cannot be cancelled. */
export class IllegalStatusError extends AwsError {
  override readonly name = 'IllegalStatusError';

  constructor(replay: string) {
    super('IllegalStatusException', `Replay ${replay} is not in a valid state for this operation.`);
  }
}
