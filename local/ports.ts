/** What the parts of the local runtime ask of each other. Times are in milliseconds unless a name says otherwise. */

/** Outcome of an invocation, as the Lambda Invoke API reports it. */
export interface InvokeResult {
  /** 200 for RequestResponse, 202 for Event. */
  readonly statusCode: number;
  /** The function's result (or its error object) as JSON text; empty for Event. */
  readonly payload: string;
  /** Present when the function threw, timed out or died. */
  readonly functionError?: 'Handled' | 'Unhandled';
}

/** In whose name a part of the local runtime acts: a service for one of its resources, or with a role that it takes on. */
export interface Actor {
  /** `events.amazonaws.com` */
  readonly service: string;
  /** Rule, route or schedule for which the service acts. @default none: the service does not tell */
  readonly sourceArn?: string | undefined;
  /** Role that the service takes on. @default none: the service acts in its own name */
  readonly roleArn?: string | undefined;
  /** Name of the role session. @default the service */
  readonly session?: string | undefined;
}

/** The Lambda host, as gateways, rules and pollers see it. `functionArn` may be qualified with an alias or version. */
export interface Invoker {
  /** @param actor who needs a permission of the function for this; not needed where no access control is in between */
  invoke(
    functionArn: string,
    payload: string,
    type: 'RequestResponse' | 'Event',
    actor?: Actor,
  ): Promise<InvokeResult>;
}

/** Who calls: the root user of the machine, or a function under its own role. */
export interface Principal {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** ARN of the assumed role, or of the account's root. */
  readonly arn: string;
  /** Unique id of the principal as SQS `SenderId` shows it: `AROA...:<function>` or the account id. */
  readonly senderId: string;
  /** Function whose code these credentials belong to, without qualifier. @default none */
  readonly functionArn?: string;
}

/** Something that an ARN names and that takes a payload: function, queue, bus. Used by rules and destinations. */
export interface TargetRouter {
  deliver(arn: string, payload: string, options?: DeliverOptions): Promise<void>;
}

/** What a rule adds to the request of an API destination. */
export interface HttpTargetParameters {
  /** For the stars in the endpoint's path. */
  readonly path: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

export interface DeliverOptions {
  /** Who delivers; not needed where no access control is in between. */
  readonly actor?: Actor;
  /** For FIFO queues. */
  readonly messageGroupId?: string;
  /** For API destinations. */
  readonly http?: HttpTargetParameters;
  /** String attributes of a queue message (dead letters carry their reason so). */
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface QueueMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly md5OfBody: string;
  /** ApproximateReceiveCount, SentTimestamp, SenderId, MessageGroupId, SequenceNumber and so on. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, { stringValue?: string; dataType: string }>>;
}

/** A queue as a poller reads it. */
export interface QueueSource {
  receive(
    queueArn: string,
    options: { max: number; waitMs: number; signal: AbortSignal },
  ): Promise<QueueMessage[]>;
  delete(queueArn: string, receiptHandles: readonly string[]): void;
  changeVisibility(queueArn: string, receiptHandle: string, visibilityMs: number): void;
  /** FIFO: receives lock a message's group. */
  isFifo(queueArn: string): boolean;
}

/** A request at the AWS endpoint, after its credentials were read. */
export interface AwsRequest {
  readonly method: string;
  /** Path with query, as sent. */
  readonly path: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly principal: Principal;
}

export interface AwsResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One AWS service behind the endpoint. */
export interface AwsService {
  handle(request: AwsRequest): Promise<AwsResponse>;
}

/** An error with the code and status that AWS answers; anything else thrown becomes a 500 InternalFailure. */
export class AwsError extends Error {
  override readonly name: string = 'AwsError';
  readonly code: string;
  readonly status: number;
  /** Name in `x-amzn-query-error`, where it differs from `code` (SQS). */
  readonly queryCode: string | undefined;

  constructor(code: string, message: string, status = 400, queryCode?: string) {
    super(message);
    this.code = code;
    this.status = status;
    this.queryCode = queryCode;
  }
}

/** Lines that the runtime prints about itself and its functions. */
export interface RuntimeLog {
  /** Output of a function, one line at a time. */
  output(functionName: string, line: string): void;
  /** Something that a developer should see: a failed invocation, a dead letter. */
  warn(source: string, message: string): void;
}

export const LOCAL_ACCOUNT = '000000000000';
