import { PROTOCOL_ERRORS, RpcError } from '../../service-sdk';
import type { Member, Role, Room } from './model';
import { SEND_BURST, SEND_INTERVAL_MS } from './rules';

type Refused = keyof typeof PROTOCOL_ERRORS;

/** The error of the protocol, with what was expected and got. */
export function refusal(error: Refused, reason: string): RpcError {
  const { code, message, ...more } = PROTOCOL_ERRORS[error];
  return new RpcError(code, `${message}: ${reason}`, more);
}

/** The same for a room that does not exist: whoever is not in a room learns nothing about it. */
export function notAMember(): RpcError {
  return refusal('permissionDenied', 'data.room: expected a room that you are a member of, got another');
}

export function notOpen(): RpcError {
  return refusal('permissionDenied', 'data.room: expected a room that you may join, got another');
}

export function roleRefused(expected: string, got: Role): RpcError {
  return refusal('permissionDenied', `role: expected ${expected}, got ${got}`);
}

export function notTheAuthor(expected: string): RpcError {
  return refusal('permissionDenied', `data.id: expected ${expected}, got one of somebody else`);
}

export function unknownMessage(field: 'id' | 'upTo', id: number): RpcError {
  return refusal('badRequest', `data.${field}: expected the id of a message of the room, got ${id}`);
}

export function tooManySends(): RpcError {
  const perSecond = 1000 / SEND_INTERVAL_MS;
  return refusal(
    'tooManyRequests',
    `expected at most ${SEND_BURST} messages at once and ${perSecond} a second in a room, got more`,
  );
}

export function checkUser(user: string): void {
  if (user === '') throw refusal('permissionDenied', 'user: expected a token with a user, got none');
}

/** Throws error 103 for who is no member of the room. */
export function checkMember(member: Member | undefined): Member {
  if (member?.state !== 'member') throw notAMember();
  return member;
}

export function checkRoom(room: Room | undefined): Room {
  if (room === undefined) throw notAMember();
  return room;
}
