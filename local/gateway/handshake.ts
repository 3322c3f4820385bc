import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { AccessDeniedError } from '../iam/access-denied';
import type { IntegrationResult } from './invocation';

/** What the function of `$connect` decided. */
export type Handshake =
  | { readonly accepted: true; readonly subprotocol: string | undefined }
  | { readonly accepted: false; readonly status: number };

const ACCEPTED: Handshake = { accepted: true, subprotocol: undefined };
const INTERNAL_ERROR: Handshake = { accepted: false, status: 500 };
const BAD_GATEWAY: Handshake = { accepted: false, status: 502 };
const GATEWAY_TIMEOUT: Handshake = { accepted: false, status: 504 };
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Reads the result of `$connect`: 2xx accepts, any other status is passed on to the client, and what is not a
 * proxy response at all (or an exception) is a 502. Without a `$connect` route everybody is accepted.
 */
export function readHandshake(result: IntegrationResult | undefined): Handshake {
  if (result === undefined) return ACCEPTED;
  if (result.outcome === 'timed out') return GATEWAY_TIMEOUT;
  // API Gateway has no permission to invoke the function.
  if (result.outcome === 'failed' && result.cause instanceof AccessDeniedError) return INTERNAL_ERROR;
  if (result.outcome === 'failed') return BAD_GATEWAY;
  const response = parseObject(result.payload);
  const status = Number(response?.['statusCode'] ?? Number.NaN);
  if (!response || !Number.isInteger(status) || status < 200 || status > 599) return BAD_GATEWAY;
  if (status >= 300) return { accepted: false, status };
  return { accepted: true, subprotocol: chosenSubprotocol(response['headers']) };
}

/** Whether the request opens a WebSocket (RFC 6455, 4.2.1), asked before a function is invoked for it. */
export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  const { upgrade, 'sec-websocket-key': key, 'sec-websocket-version': version } = request.headers;
  return (
    request.method === 'GET' &&
    upgrade?.toLowerCase() === 'websocket' &&
    KEY.test(key ?? '') &&
    version === '13'
  );
}

/** Refuses an upgrade: the status and, where API Gateway itself refuses, its message. */
export function refuseUpgrade(socket: Duplex, status: number, message?: string): void {
  const body = message === undefined ? '' : JSON.stringify({ message });
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(body === '' ? [] : ['Content-Type: application/json']),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** The client's address without the IPv6 form of an IPv4 one. */
export function sourceAddress(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, '');
}

function chosenSubprotocol(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'sec-websocket-protocol' && typeof value === 'string' && TOKEN.test(value))
      return value;
  }
  return undefined;
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : undefined;
  } catch {
    return undefined;
  }
}
