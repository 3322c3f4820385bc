import { randomBytes } from 'node:crypto';
import type { LocalCloud } from '../cloud';
import { FaultActions } from './actions';
import { FaultControlServer, type TokenSigner } from './control-server';

/** Lets tools of this machine ask a running cloud for trouble, and for tokens. */
export class FaultControl {
  /** Who asks has to bring it: a web page on this machine cannot. */
  readonly token = randomBytes(24).toString('base64url');
  readonly #server: FaultControlServer;

  constructor(cloud: LocalCloud, signToken: TokenSigner) {
    const actions = new FaultActions(
      {
        lambda: cloud.lambda,
        redis: () => cloud.redis,
        cutConnections: (chosen) => cloud.cutConnections(chosen),
      },
      cloud.faults,
    );
    this.#server = new FaultControlServer(cloud.faults, actions, this.token, signToken);
  }

  /** Resolves with its URL. */
  listen(): Promise<string> {
    return this.#server.listen();
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}
