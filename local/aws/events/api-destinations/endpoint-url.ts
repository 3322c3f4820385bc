import * as v from 'valibot';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Where requests may go: https as on AWS, and plain http to this machine, so that a stub needs no certificate. */
export const endpointSchema = v.pipe(
  v.string(),
  v.check(isEndpoint, ({ input }) => `expected an https URL, or http to loopback, got ${input}`),
);

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}
