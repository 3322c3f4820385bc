import { environmentRegion } from '../contract/credentials';
import { isJsonObject } from '../contract/json';
import { RequestSigner, sha256 } from '../contract/request-signature';
import { RECEIPT_METHOD } from '../contract/server-api';

/** It answers within three seconds what it then knows. */
const TIMEOUT_MS = 4_000;

/** The platform did not say how many sockets took something. */
export class ReceiptError extends Error {
  override readonly name = 'ReceiptError';

  constructor(got: string, options?: ErrorOptions) {
    super(`sockets: expected the platform to count them, got ${got}`, options);
  }
}

/** Asks the platform, by its server API, how many sockets took what was sent to a user. */
export class Receipts {
  readonly #url: () => string;
  #signer: RequestSigner | undefined;

  /** `url` ends in `/api`; it is asked for at the first question. */
  constructor(url: () => string) {
    this.#url = url;
  }

  /** Undefined where that was not known in time. Throws `ReceiptError`. */
  async sockets(user: string, idempotencyKey: string): Promise<number | undefined> {
    const url = new URL(`${this.#url()}/iam/${RECEIPT_METHOD}`);
    const body = JSON.stringify({ user, idempotency_key: idempotencyKey });
    const answer = await this.#ask(url, body);
    if (!isJsonObject(answer) || !isJsonObject(answer['result'])) throw new ReceiptError('another answer');
    const { sockets } = answer['result'];
    return typeof sockets === 'number' ? sockets : undefined;
  }

  async #ask(url: URL, body: string): Promise<unknown> {
    this.#signer ??= new RequestSigner({ service: 'execute-api', region: environmentRegion() });
    const { host, pathname: path } = url;
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', path, query: '', host, headers, bodyHash: sha256(body) };
    const signed = this.#signer.sign(request);
    const names = signed.filter((_, index) => index % 2 === 0);
    try {
      const response = await fetch(url, {
        method: 'POST',
        // `fetch` names the host by itself.
        headers: names
          .map((name, index): [string, string] => [name, signed[2 * index + 1] ?? ''])
          .filter(([name]) => name !== 'host'),
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) throw new ReceiptError(`status ${response.status}`);
      return await response.json();
    } catch (error) {
      if (error instanceof ReceiptError) throw error;
      throw new ReceiptError('no answer', { cause: error });
    }
  }
}
