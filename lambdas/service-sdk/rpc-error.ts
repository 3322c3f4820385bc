import { PROTOCOL_ERRORS, type ProtocolError } from '../contract/codes';

// Codes below 400 are the protocol's, up to 1999 they are free for applications.
const OWN_CODES = { from: 400, to: 1999 } as const;
const PROTOCOL_CODES: ReadonlySet<number> = new Set(Object.values(PROTOCOL_ERRORS).map(({ code }) => code));

export interface RpcErrorOptions extends ErrorOptions {
  /** The client may try again. @default false */
  readonly temporary?: boolean;
}

/**
 * An answer that is an error: thrown by a method, it becomes `{id, error: {code, message, temporary?}}` as it stands, so the
 * message is written for the client. `code` is 400 to 1999, or one of the protocol's (`PROTOCOL_ERRORS`); another code throws
 * a `RangeError`.
 */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly temporary: boolean;

  constructor(code: number, message: string, options: RpcErrorOptions = {}) {
    super(message, options);
    const own = Number.isInteger(code) && code >= OWN_CODES.from && code <= OWN_CODES.to;
    if (!own && !PROTOCOL_CODES.has(code)) {
      throw new RangeError(
        `code of an RpcError: expected ${OWN_CODES.from} to ${OWN_CODES.to} or a protocol error's, got ${code}`,
      );
    }
    this.code = code;
    this.temporary = options.temporary ?? false;
  }

  toProtocolError(): ProtocolError {
    const { code, message, temporary } = this;
    return temporary ? { code, message, temporary } : { code, message };
  }
}
