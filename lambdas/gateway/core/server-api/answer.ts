import { PROTOCOL_ERRORS, type ProtocolError } from '../../../contract/codes';
import type { JsonValue } from '../../../contract/json';

/** An error of the server API, in the shape of Centrifugo's. */
export interface ApiError {
  readonly code: number;
  readonly message: string;
}

/** What a method comes to. */
export type ApiAnswer =
  | { readonly result: { readonly [key: string]: JsonValue } }
  | { readonly error: ApiError };

/** Refuses with an error of the protocol and, for a backend's developer, with what was expected and got. */
export function refused({ code, message }: ProtocolError, reason: string): { readonly error: ApiError } {
  return { error: { code, message: `${message}: ${reason}` } };
}

/** Something that a method needs did not answer. Details stay in the log. */
export const TRY_AGAIN: { readonly error: ApiError } = {
  error: {
    code: PROTOCOL_ERRORS.internal.code,
    message: `${PROTOCOL_ERRORS.internal.message}: temporary, try again`,
  },
};

/** Whether the same request may be answered otherwise later. */
export function isTemporary({ code }: ApiError): boolean {
  return code === PROTOCOL_ERRORS.internal.code || code === PROTOCOL_ERRORS.tooManyRequests.code;
}

export const DONE: ApiAnswer = { result: {} };
