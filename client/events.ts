// Node 20 has no CloseEvent, and none of these needs a DOM.

/** How a connection ended. */
export interface CloseDetails {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** What came: text, or as `binaryType` says. */
export class SocketMessageEvent extends Event {
  readonly data: unknown;

  constructor(data: unknown) {
    super('message');
    this.data = data;
  }
}

export class SocketCloseEvent extends Event implements CloseDetails {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;

  constructor({ code, reason, wasClean }: CloseDetails) {
    super('close');
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}

/** `error` is the cause where it is known, such as what `token` threw. */
export class SocketErrorEvent extends Event {
  readonly error: unknown;

  constructor(error: unknown) {
    super('error');
    this.error = error;
  }
}
