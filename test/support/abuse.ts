import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { type Target, tokenFor } from './target';

/** What abusive sockets do. */
export const ABUSES = ['flood', 'oversize', 'subscribes', 'bad token'] as const;

export type Abuse = (typeof ABUSES)[number];

/**
 * A flooding socket sends a frame of as many commands as often: forty times what it may. The flood is one of commands, not of
 * frames, since two cores that run the whole platform would have enough of receiving frames alone.
 */
const FLOOD = { commands: 400, everyMs: 100 };

/** Just above what API Gateway takes. */
const OVERSIZE_BYTES = 33 * 1024;

/** A channel more as often, for as long as the connection lasts. */
const SUBSCRIBE_EVERY_MS = 1_000;

export interface AbuseCounts {
  /** Sockets that were opened. */
  opened: number;
  /** Handshakes that were refused. */
  refused: number;
  /** Commands and frames that were sent. */
  sent: number;
  /** Sockets that the gateway closed. */
  ended: number;
  /** Codes of errors and disconnects that came, and how often. */
  readonly codes: Record<string, number>;
}

/** Sockets that do what they should not, again and again, from addresses of their own. */
export class Abusers {
  readonly counts: Readonly<Record<Abuse, AbuseCounts>> = {
    flood: noCounts(),
    oversize: noCounts(),
    subscribes: noCounts(),
    'bad token': noCounts(),
  };
  readonly #target: Target;
  readonly #backAfterMs: number;
  readonly #sockets = new Set<WebSocket>();
  readonly #work: Promise<void>[] = [];
  #working = true;

  /**
   * @param count how many sockets, in equal parts of each abuse
   * @param backAfterMs how long who was thrown out stays away; the first time takes as long until all are there
   */
  constructor(target: Target, count: number, backAfterMs = 2_000) {
    this.#target = target;
    this.#backAfterMs = backAfterMs;
    for (let n = 0; n < count; n++) {
      const abuse = ABUSES[n % ABUSES.length] ?? 'flood';
      this.#work.push(this.#goOn(abuse, n, (n * backAfterMs) / count));
    }
  }

  async stop(): Promise<void> {
    this.#working = false;
    for (const socket of this.#sockets) socket.terminate();
    await Promise.all(this.#work);
  }

  async #goOn(abuse: Abuse, n: number, afterMs: number): Promise<void> {
    await sleep(afterMs);
    while (this.#working) {
      const socket = await this.#open(abuse, n);
      if (socket) await this.#abuse(abuse, n, socket);
      if (this.#working) await sleep(this.#backAfterMs);
    }
  }

  /** A kind's sockets share an address, as those behind one network do. */
  #open(abuse: Abuse, n: number): Promise<WebSocket | undefined> {
    const counts = this.counts[abuse];
    const localAddress = `127.0.0.${20 + (n % ABUSES.length)}`;
    const socket = new WebSocket(this.#target.websocketUrl, { localAddress });
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('message', (data: Buffer) => {
      for (const code of codesOf(data.toString())) counts.codes[code] = (counts.codes[code] ?? 0) + 1;
    });
    return new Promise((resolve) => {
      socket.once('open', () => {
        counts.opened++;
        resolve(socket);
      });
      socket.once('close', () => {
        if (this.#working) counts.refused++;
        resolve(undefined);
      });
    });
  }

  /** Until the gateway ends the connection. */
  async #abuse(abuse: Abuse, n: number, socket: WebSocket): Promise<void> {
    const counts = this.counts[abuse];
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const isOpen = () => this.#working && socket.readyState === WebSocket.OPEN;
    const send = (text: string, commands: number) => {
      if (!isOpen()) return;
      socket.send(text);
      counts.sent += commands;
    };
    const token = abuse === 'bad token' ? 'e30.e30.e30' : await tokenFor(this.#target, `mallory-${n}`);
    send(JSON.stringify({ id: 1, connect: { token } }), 1);
    let id = 1;
    if (abuse === 'oversize') send('x'.repeat(OVERSIZE_BYTES), 1);
    while (isOpen()) {
      if (abuse === 'flood') {
        const commands = Array.from({ length: FLOOD.commands }, () => JSON.stringify({ id: ++id, ping: {} }));
        send(commands.join('\n'), FLOOD.commands);
        await sleep(FLOOD.everyMs);
      } else if (abuse === 'subscribes') {
        id++;
        send(JSON.stringify({ id, subscribe: { channel: `room:endless-${n}-${id}` } }), 1);
        await sleep(SUBSCRIBE_EVERY_MS);
      } else {
        await ended;
      }
    }
    await ended;
    if (this.#working) counts.ended++;
  }
}

function noCounts(): AbuseCounts {
  return { opened: 0, refused: 0, sent: 0, ended: 0, codes: {} };
}

/** Codes of errors and disconnects in a frame. */
function codesOf(frame: string): string[] {
  return frame.split('\n').flatMap((line) => {
    const { error, push } = JSON.parse(line) as {
      error?: { code: number };
      push?: { disconnect?: { code: number } };
    };
    return [error?.code, push?.disconnect?.code].flatMap((code) =>
      code === undefined ? [] : [String(code)],
    );
  });
}
