import { readState } from '../../local/command/state-file';
import type { FaultInput, FaultKind } from '../../local/faults/kinds';

/** Asks a local stack for trouble, as `npm run fault` does. */
export class FaultControlClient {
  readonly #url: string;
  readonly #token: string;

  /** Of the stack that runs in this folder. */
  constructor(directory: string | undefined) {
    const state = readState(directory ?? '');
    if (!state) throw new Error('expected a stack that runs here, got none');
    this.#url = state.controlUrl;
    this.#token = state.controlToken;
  }

  set<Kind extends FaultKind>(kind: Kind, input: FaultInput<Kind>): Promise<void> {
    return this.#ask('PUT', `/faults/${kind}`, input);
  }

  clear(): Promise<void> {
    return this.#ask('DELETE', '/faults');
  }

  /** Ends every process of the functions whose names have this part. */
  kill(part: string): Promise<void> {
    return this.#ask('POST', '/actions/kill', { function: part });
  }

  /** A new version of the functions whose names have this part; their sandboxes end after what they do. */
  redeploy(part: string): Promise<void> {
    return this.#ask('POST', '/actions/redeploy', { function: part });
  }

  async #ask(method: string, path: string, body: object = {}): Promise<void> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}` },
      ...(method === 'DELETE' ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: expected success, got ${await response.text()}`);
  }
}
