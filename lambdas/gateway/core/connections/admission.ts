import { causeOf } from '../../../contract/log';
import {
  announcesConnect,
  type Handshake,
  handshakeToken,
  isOriginAllowed,
  subprotocolsOf,
} from '../auth/handshake';
import { verifyToken } from '../auth/token';
import type { Clock, Log } from '../ports';
import type { Connections, Identity } from './connection';

/** Answer to a handshake; any status but 2xx refuses it and is what the client sees. */
export interface Admission {
  readonly statusCode: 200 | 400 | 401 | 403 | 410 | 503;
  readonly headers?: { readonly 'Sec-WebSocket-Protocol': string };
  readonly body?: string;
}

export interface AdmissionParts {
  readonly connections: Connections;
  /** `*`, or origins separated by commas. */
  readonly allowedOrigins: string;
  readonly tokenSecret: () => Promise<Uint8Array>;
  readonly clock: Clock;
  readonly log: Log;
}

const JSON_PROTOCOL = 'centrifuge-json';
const PROTOBUF_PROTOCOL = 'centrifuge-protobuf';

/**
 * Decides about a handshake and writes the connection's state. Posts nothing: the connection does not exist before the
 * handshake is answered.
 */
export async function admit(
  parts: AdmissionParts,
  connection: string,
  handshake: Handshake,
): Promise<Admission> {
  const refuse = (statusCode: Admission['statusCode'], reason: string, body?: string): Admission => {
    parts.log('warn', 'handshake refused', { connection, status: statusCode, reason });
    return { statusCode, ...(body ? { body } : {}) };
  };
  const subprotocols = subprotocolsOf(handshake);
  if (subprotocols.includes(PROTOBUF_PROTOCOL)) {
    const text = `subprotocol: expected JSON (${JSON_PROTOCOL} or none), got ${PROTOBUF_PROTOCOL}`;
    return refuse(400, text, text);
  }
  if (!isOriginAllowed(handshake, parts.allowedOrigins)) {
    return refuse(403, 'origin: expected one that is allowed, got another');
  }
  let identity: Identity | undefined;
  try {
    const token = handshakeToken(handshake);
    if (token !== undefined) {
      const verdict = await verifyToken(token, await parts.tokenSecret(), parts.clock.now());
      if (verdict.result !== 'ok') {
        return refuse(401, verdict.result === 'expired' ? 'token: expired' : verdict.reason);
      }
      identity = verdict.identity;
    }
    const awaitsConnect = identity === undefined || announcesConnect(handshake);
    if (!(await parts.connections.open(connection, identity, awaitsConnect))) {
      return refuse(410, 'connection: expected it open, got its disconnect before');
    }
  } catch (error) {
    const { error: name, cause } = causeOf(error);
    return refuse(503, `${name}: ${cause}`);
  }
  return {
    statusCode: 200,
    // A client that offers a subprotocol fails the handshake where none is chosen.
    ...(subprotocols.includes(JSON_PROTOCOL) ? { headers: { 'Sec-WebSocket-Protocol': JSON_PROTOCOL } } : {}),
  };
}
