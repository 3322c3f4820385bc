import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/** What API Gateway takes for a post inside of a region, roughly. */
const ANSWER_MS = 8;

/**
 * Stands for the service: answers every request after some milliseconds. Over TLS where it is given a file with key and
 * certificate. Tells its parent the port.
 */
function serve(pemFile: string | undefined): void {
  const listener: RequestListener = (request, response) => {
    request.resume().on('end', () => {
      setTimeout(() => response.writeHead(200, { 'content-length': 0 }).end(), ANSWER_MS);
    });
  };
  const pem = pemFile === undefined ? undefined : readFileSync(pemFile);
  const server = pem ? createTlsServer({ key: pem, cert: pem }, listener) : createServer(listener);
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send?.(Object(server.address()).port));
}

serve(process.argv[2]);
