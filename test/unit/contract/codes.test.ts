import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DISCONNECTS,
  PROTOCOL_ERRORS,
  type ProtocolError,
  UNSUBSCRIBES,
} from '../../../lambdas/contract/codes';

const page = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'protocol.md'), 'utf8');

/** Rows of the page's table of codes. */
const documented = [
  ...page.matchAll(/^\| (\d+) \| (error|unsubscribe|disconnect) \| ([^|]+) \| [^|]+ \|$/gm),
].map(([, code, kind, says]) => `${code} ${kind} ${says}`);

const saidOf = ({ message, temporary }: ProtocolError) => (temporary ? `${message}; temporary` : message);

describe('the table of codes', () => {
  it('in the documentation is that of the code', () => {
    expect(documented).toEqual([
      ...Object.values(PROTOCOL_ERRORS).map((error) => `${error.code} error ${saidOf(error)}`),
      ...Object.values(UNSUBSCRIBES).map(({ code, reason }) => `${code} unsubscribe ${reason}`),
      ...Object.values(DISCONNECTS).map(({ code, reason }) => `${code} disconnect ${reason}`),
    ]);
  });

  it('keeps to the ranges that tell SDKs what to do', () => {
    const codes = (table: Record<string, { readonly code: number }>) =>
      Object.values(table).map(({ code }) => code);
    expect(codes(PROTOCOL_ERRORS).every((code) => code >= 100 && code < 400)).toBe(true);
    expect(codes(UNSUBSCRIBES).every((code) => code >= 2000 && code < 3000)).toBe(true);
    expect(codes(DISCONNECTS).every((code) => code >= 3000 && code < 4000)).toBe(true);
  });
});
