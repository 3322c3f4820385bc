import type { LimitRules } from '../../../contract/limit-rules';
import type { LivenessRules } from '../../../contract/liveness-rules';
import { causeOf } from '../../../contract/log';
import {
  announcesConnect,
  carriedToken,
  type Handshake,
  handshakeToken,
  isOriginAllowed,
  subprotocolsOf,
} from '../auth/handshake';
import type { TokenVerifier } from '../auth/token-verifier';
import type { NoteLimit } from '../limits/limit-notes';
import { networkOf } from '../limits/network';
import type { Rates } from '../limits/rates';
import type { UserEntry, Users } from '../limits/users';
import type { DueSet } from '../liveness/due-set';
import type { Clock, Log } from '../ports';
import type { Connections, Identity } from './connection';

/** Answer to a handshake; any status but 2xx refuses it and is what the client sees. */
export interface Admission {
  readonly statusCode: 200 | 400 | 401 | 403 | 410 | 429 | 503;
  readonly headers?: { readonly 'Sec-WebSocket-Protocol': string };
  readonly body?: string;
}

export interface AdmissionParts {
  readonly connections: Connections;
  readonly due: Pick<DueSet, 'note'>;
  readonly users: Pick<Users, 'enter' | 'leave'>;
  readonly rates: Pick<Rates, 'handshake'>;
  /** `*`, or origins separated by commas. */
  readonly allowedOrigins: string;
  readonly tokens: Pick<TokenVerifier, 'connection'>;
  readonly limits: Pick<LimitRules, 'connectsPerSecond' | 'connectBurst'>;
  readonly liveness: Pick<LivenessRules, 'pendingSeconds'>;
  readonly noteLimit: NoteLimit;
  /** Before a connection is accepted without a connect command, where that is told on the bus. */
  readonly announce?: ((connection: string, user: string) => Promise<void>) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

const JSON_PROTOCOL = 'centrifuge-json';
const PROTOBUF_PROTOCOL = 'centrifuge-protobuf';

interface Refusal {
  readonly statusCode: Admission['statusCode'];
  /** For the log. */
  readonly reason: string;
  /** For the client. */
  readonly body?: string;
}

/** What is wrong with a handshake that costs nothing to find. */
function obviousFault(handshake: Handshake, allowedOrigins: string): Refusal | undefined {
  const subprotocols = subprotocolsOf(handshake);
  const mismatch = (reason: string): Refusal => ({ statusCode: 400, reason, body: reason });
  if (subprotocols.includes(PROTOBUF_PROTOCOL)) {
    return mismatch(`subprotocol: expected JSON (${JSON_PROTOCOL} or none), got ${PROTOBUF_PROTOCOL}`);
  }
  // A browser wants one of its offers chosen. Choosing the only one would send the token back, for logs to keep.
  if (carriedToken(handshake) !== undefined && !subprotocols.includes(JSON_PROTOCOL)) {
    return mismatch(
      `subprotocol: expected ${JSON_PROTOCOL} beside the one with the token, got no such offer`,
    );
  }
  return isOriginAllowed(handshake, allowedOrigins)
    ? undefined
    : { statusCode: 403, reason: 'origin: expected one that is allowed, got another' };
}

/** Counts the handshake for the network that it comes from. Undefined: it may go on. Rejects where Redis fails. */
async function checkRate(parts: AdmissionParts, address: string): Promise<Refusal | undefined> {
  const { rates, limits, noteLimit } = parts;
  const network = networkOf(address);
  if (network === undefined) return undefined;
  const rate = { perSecond: limits.connectsPerSecond, burst: limits.connectBurst };
  if (await rates.handshake(network, rate)) return undefined;
  noteLimit('connectsPerNetwork', { network });
  return { statusCode: 429, reason: 'handshakes: expected fewer from its network, got more' };
}

/** Who the handshake's token names; undefined where it has none. Rejects where the keys cannot be had. */
async function identify(
  parts: AdmissionParts,
  handshake: Handshake,
): Promise<{ readonly identity: Identity | undefined } | Refusal> {
  const token = handshakeToken(handshake);
  if (token === undefined) return { identity: undefined };
  const verdict = await parts.tokens.connection(token);
  if (verdict.result === 'ok') return verdict;
  return { statusCode: 401, reason: verdict.result === 'expired' ? 'token: expired' : verdict.reason };
}

/**
 * Notes the connection wherever it has to be known, among its user's first. Undefined: it is open. Rejects where Redis fails.
 */
async function openConnection(
  parts: AdmissionParts,
  connection: string,
  identity: Identity | undefined,
  awaitsConnect: boolean,
): Promise<Refusal | undefined> {
  const { connections, due, users, liveness, clock } = parts;
  if (identity && !awaitsConnect) await parts.announce?.(connection, identity.user);
  const refusal = identity && entryRefusal(parts, connection, await users.enter(connection, identity));
  if (refusal) return refusal;
  const [opened] = await Promise.all([
    connections.open(connection, identity, awaitsConnect),
    due.note(connection, clock.now() + liveness.pendingSeconds * 1000),
  ]);
  if (opened) return undefined;
  // Its `$disconnect` knew of no user, and gave no place back.
  if (identity) await users.leave(connection, identity.user);
  return { statusCode: 410, reason: 'connection: expected it open, got its disconnect before' };
}

function entryRefusal(parts: AdmissionParts, connection: string, entry: UserEntry): Refusal | undefined {
  if (entry === 'entered') return undefined;
  if (entry === 'revoked') return { statusCode: 401, reason: 'token: revoked' };
  parts.noteLimit('connectionsPerUser', { connection });
  return { statusCode: 429, reason: 'user: expected fewer connections, got the most' };
}

async function decide(
  parts: AdmissionParts,
  connection: string,
  handshake: Handshake,
  address: string,
): Promise<Refusal | undefined> {
  const fault = obviousFault(handshake, parts.allowedOrigins);
  if (fault) return fault;
  const [overRate, identified] = await Promise.all([checkRate(parts, address), identify(parts, handshake)]);
  if (overRate) return overRate;
  if (!('identity' in identified)) return identified;
  const { identity } = identified;
  const awaitsConnect = identity === undefined || announcesConnect(handshake);
  return openConnection(parts, connection, identity, awaitsConnect);
}

/**
 * Decides about a handshake and writes the connection's state. Posts nothing: the connection does not exist before the
 * handshake is answered.
 * @param address where the client connects from
 */
export async function admit(
  parts: AdmissionParts,
  connection: string,
  handshake: Handshake,
  address: string,
): Promise<Admission> {
  let refusal: Refusal | undefined;
  try {
    refusal = await decide(parts, connection, handshake, address);
  } catch (error) {
    const { error: name, cause } = causeOf(error);
    refusal = { statusCode: 503, reason: `${name}: ${cause}` };
  }
  if (refusal) {
    const { statusCode, reason, body } = refusal;
    parts.log('warn', 'handshake refused', { connection, status: statusCode, reason });
    return { statusCode, ...(body === undefined ? {} : { body }) };
  }
  return {
    statusCode: 200,
    // A client that offers a subprotocol fails the handshake where none is chosen.
    ...(subprotocolsOf(handshake).includes(JSON_PROTOCOL)
      ? { headers: { 'Sec-WebSocket-Protocol': JSON_PROTOCOL } }
      : {}),
  };
}
