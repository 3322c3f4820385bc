import { randomBytes } from 'node:crypto';

const LENGTH_BYTES = 11;
const PATTERN = /^[A-Za-z0-9_-]{15}=$/;

/**
 * An id in the form that API Gateway gives connections, requests and messages: 15 characters of URL-safe base64 and
 * its padding, such as `Jx-TaE0_GjQFvSw=`. The padding is why such an id must be URL-encoded in a path.
 */
export function newIdentifier(): string {
  return `${randomBytes(LENGTH_BYTES).toString('base64url')}=`;
}

/** Whether the text could be a connection id at all; whether there is such a connection is another question. */
export function isIdentifier(text: string): boolean {
  return PATTERN.test(text);
}
