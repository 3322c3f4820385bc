import type { Socket } from 'node:net';

/**
 * A TLS handshake inside a region takes tens of milliseconds; a second means that the route or the address is dead, and the
 * next attempt takes another.
 */
export const CONNECT_TIMEOUT_MS = 1_000;

/**
 * A socket that has been idle for longer than this is not used again. Servers close idle sockets (the shortest limit in
 * common use is the 5 s of Node's own), and a function that was frozen never hears of it: the request that meets such a
 * socket fails, and nobody can tell whether it was taken. A new handshake costs less than a connection that is closed over it.
 */
export const IDLE_LIMIT_MS = 4_000;

interface IdleSocket {
  readonly socket: Socket;
  /** Epoch ms and not the process's own clock, which may stand still while a function is frozen. */
  readonly since: number;
}

/** Open sockets between two requests: the one that was used last serves next, so that the others may grow old. */
export class IdleSockets {
  readonly #idle: IdleSocket[] = [];
  readonly #now: () => number;

  /** `now` is epoch milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get size(): number {
    return this.#idle.length;
  }

  /** Takes a socket whose request has ended. It keeps no process alive. */
  keep(socket: Socket): void {
    this.#dropOldest();
    socket.unref();
    this.#idle.push({ socket, since: this.#now() });
  }

  /** A socket for a request; undefined where there is none that can be trusted. */
  take(): Socket | undefined {
    const socket = this.#newest();
    socket?.ref();
    return socket;
  }

  #newest(): Socket | undefined {
    for (;;) {
      const newest = this.#idle.pop();
      if (newest === undefined) return undefined;
      if (!this.#isOld(newest)) {
        if (!newest.socket.destroyed && newest.socket.writable) return newest.socket;
        continue;
      }
      // What lies below is older still.
      newest.socket.destroy();
      for (const { socket } of this.#idle.splice(0)) socket.destroy();
    }
  }

  #dropOldest(): void {
    const oldest = this.#idle[0];
    if (oldest === undefined || !this.#isOld(oldest)) return;
    this.#idle.shift();
    oldest.socket.destroy();
  }

  #isOld({ since }: IdleSocket): boolean {
    return this.#now() - since > IDLE_LIMIT_MS;
  }
}
