import type { IncomingMessage } from 'node:http';
import type { SignedRequest } from '../aws/signature';
import type { Principal } from '../ports';
import { sourceAddress } from './handshake';

/** What a request to `@connections` is about. */
export interface ManagementCall {
  readonly apiId: string;
  readonly stage: string;
  readonly connectionId: string;
}

/** Where a request comes from. */
export interface RequestOrigin {
  readonly sourceIp: string;
  readonly userAgent: string | undefined;
}

/** Decides who may use the management API. */
export interface ManagementAccess {
  /** @throws AwsError for a caller who may not */
  check(request: SignedRequest, call: ManagementCall, origin: RequestOrigin): void;
}

/** Decides who may use routes that are for signed requests alone. */
export interface RouteAccess {
  /**
   * Who signed the request.
   * @param routeArn what he has to be allowed to invoke
   * @throws AwsError for a caller who may not
   */
  signer(request: SignedRequest, routeArn: string, origin: RequestOrigin): Principal;
}

const SIGV4 = /^AWS4-(HMAC-SHA256|ECDSA-P256-SHA256)\s+Credential=/;

/** Whether a request has a signature, right or wrong. */
export function isSigned({ headers }: IncomingMessage): boolean {
  return SIGV4.test(headers.authorization ?? '');
}

/** A request as its signature covers it. */
export function requestOf({ method = '', url = '', headers }: IncomingMessage, body: Buffer): SignedRequest {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) single[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { method, path: url, headers: single, body };
}

export function originOf(request: IncomingMessage): RequestOrigin {
  return { sourceIp: sourceAddress(request), userAgent: request.headers['user-agent'] };
}
