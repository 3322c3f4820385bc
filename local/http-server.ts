import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Only this machine reaches the local runtime. */
export const LOOPBACK = '127.0.0.1';

/** Time for requests in flight when a server stops: a person waits for it. */
export const SHUTDOWN_GRACE_MS = 500;

/** Resolves with the port; rejects if it is taken. Port 0 takes a free one. */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Lets requests in flight end for half a second, then cuts them off, and whatever `cutOff` knows besides. */
export async function stop(server: Server, cutOff: () => void = () => undefined): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => {
    cutOff();
    server.closeAllConnections();
  }, SHUTDOWN_GRACE_MS);
  await stopped;
  clearTimeout(cut);
}
