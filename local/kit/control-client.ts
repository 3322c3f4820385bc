import type { FaultInput, FaultKind } from '../faults/kinds';

/** The runtime refused what it was asked for; the message is its own. */
export class ControlRefusedError extends Error {
  override readonly name = 'ControlRefusedError';
}

export interface ControlAddress {
  readonly controlUrl: string;
  readonly controlToken: string;
}

export interface TokenClaims {
  /** User id, the claim `sub`. */
  readonly user: string;
  /** @default 3600 */
  readonly ttlSeconds?: number;
  /** Channels that the server subscribes the user to at connect. @default none */
  readonly channels?: readonly string[];
}

/** Which slots of Redis, and what becomes of them; `slots` as `0-8191`, of `rewind` only. */
export interface RedisAction {
  readonly action: 'stop' | 'start' | 'restart' | 'flush' | 'snapshot' | 'rewind';
  readonly slots?: string;
}

/** Asks a running local runtime for trouble, and for tokens. Every method throws `ControlRefusedError` for bad input. */
export class ControlClient {
  readonly #address: ControlAddress;

  constructor(address: ControlAddress) {
    this.#address = address;
  }

  /** Switches a fault on; it lasts until it is cleared. */
  async set<Kind extends FaultKind>(kind: Kind, input: FaultInput<Kind>): Promise<void> {
    await this.ask('PUT', `/faults/${kind}`, input);
  }

  /** Takes a fault back, or all. */
  async clear(kind?: FaultKind): Promise<void> {
    await this.ask('DELETE', kind === undefined ? '/faults' : `/faults/${kind}`);
  }

  /** Throws the dice anew: the same calls in the same order meet the same faults. */
  async seed(seed: number): Promise<void> {
    await this.ask('PUT', '/seed', { seed });
  }

  /** Ends a share of the processes of functions with `function` in their names; `busy`: only those at work. */
  async kill(whom: { readonly function?: string; readonly share?: number; readonly busy?: boolean } = {}) {
    await this.ask('POST', '/actions/kill', whom);
  }

  /** A new version of the functions with `function` in their names; their processes end after what they do. */
  async redeploy(whom: { readonly function?: string } = {}): Promise<void> {
    await this.ask('POST', '/actions/redeploy', whom);
  }

  /** Ends a share of all sockets as a lost network does. */
  async cut(share = 1): Promise<void> {
    await this.ask('POST', '/actions/cut', { share });
  }

  async redis(action: RedisAction): Promise<void> {
    await this.ask('POST', '/actions/redis', action);
  }

  /** A token that the gateway accepts. */
  async token(claims: TokenClaims): Promise<string> {
    const { token } = await this.ask('POST', '/tokens', claims);
    return String(token);
  }

  /** @returns the answer's JSON object */
  async ask(method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
    const { controlUrl, controlToken } = this.#address;
    const response = await fetch(`${controlUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${controlToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Readonly<Record<string, unknown>>;
    if (response.ok) return answer;
    throw new ControlRefusedError(String(answer['message'] ?? `expected success, got ${response.status}`));
  }
}
