import type { Server } from 'node:net';
import type { HttpRequest } from '../../../../lambdas/gateway/core/adapters/aws/transport';

export const request = (body = 'hello', path = '/dev/x?y=1'): HttpRequest => ({
  method: 'POST',
  path,
  headers: ['host', 'example.com', 'x-a', 'b'],
  body,
  bytes: Buffer.byteLength(body),
});

/** What work rejects with; undefined where it does not. */
export const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Answers the port. */
export async function listen(tcp: Server): Promise<number> {
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  return Object(tcp.address()).port;
}
