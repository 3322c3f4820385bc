import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { unzipSync } from 'node:zlib';
import { InvocationError } from './invocation-error';

export interface HttpCall {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** As the `Range` of each request says. */
const MOST_ANSWER_BYTES = 1024 * 1024;

/** Makes one request, follows nothing, and rejects with InvocationError where no whole answer comes in time. */
export function call(
  { url, method, headers, body }: HttpCall,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(timeout.aborted ? timedOut() : unreachable());
    const outgoing = request(
      url,
      { method, headers, agent: false, signal: AbortSignal.any([timeout, signal]) },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes <= MOST_ANSWER_BYTES) chunks.push(chunk);
        });
        response.on('error', fail);
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, text: textOf(Buffer.concat(chunks), headers['content-encoding']) });
        });
      },
    );
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

/** Of what is packed in another way than gzip and deflate, nothing. */
function textOf(bytes: Buffer, encoding: string | undefined): string {
  if (encoding === undefined || encoding === 'identity') return bytes.toString();
  try {
    return unzipSync(bytes, { maxOutputLength: MOST_ANSWER_BYTES }).toString();
  } catch {
    return '';
  }
}

function timedOut(): InvocationError {
  return new InvocationError(
    'Unable to invoke ApiDestination endpoint: Timeout calling endpoint for API Destination: socket closed.',
    { code: 'UNKNOWN' },
  );
}

function unreachable(): InvocationError {
  return new InvocationError(
    'Unable to invoke ApiDestination endpoint: API destination endpoint cannot be reached.',
  );
}
