import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { type Target, tokenFor } from './target';

/** How calls of a service ended. */
export interface CallOutcomes {
  answered: number;
  /** By the gateway or the service, with an error. */
  refused: number;
  /** Neither within the time that a client waits. */
  unanswered: number;
}

interface Reply {
  readonly id?: number;
  readonly error?: object;
  readonly connect?: { readonly client: string };
}

/** A client gives up after five seconds; on a busy machine the answer may take a while to be read. */
const PATIENCE_MS = 8_000;

/** A plain client that calls `echo.say`, any number of calls at a time. */
export class ServiceCaller {
  readonly outcomes: CallOutcomes = { answered: 0, refused: 0, unanswered: 0 };
  /** Code of a close that this side did not ask for. */
  closedWith: number | undefined;
  readonly #socket: WebSocket;
  readonly #open = new Map<number, (reply: Reply) => void>();
  #last = 0;
  #foreign: number[] = [];

  readonly #patienceMs: number;

  private constructor(socket: WebSocket, patienceMs: number) {
    this.#socket = socket;
    this.#patienceMs = patienceMs;
    socket.on('message', (data: Buffer) => {
      for (const line of data.toString().split('\n')) {
        const reply = JSON.parse(line) as Reply;
        this.#open.get(reply.id ?? 0)?.(reply);
      }
    });
    socket.on('close', (code) => {
      this.closedWith = code;
    });
  }

  /** @param patienceMs for an answer */
  static async open(target: Target, user: string, patienceMs = PATIENCE_MS): Promise<ServiceCaller> {
    const socket = new WebSocket(`${target.websocketUrl}?token=${await tokenFor(target, user)}`);
    const caller = new ServiceCaller(socket, patienceMs);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return caller;
  }

  /** Calls so often, with that pause between; resolves once each has ended. */
  async call(count: number, everyMs: number): Promise<void> {
    const calls: Promise<void>[] = [];
    for (let n = 0; n < count; n++) {
      const id = ++this.#last;
      calls.push(this.#count(id, this.#patienceMs));
      this.#socket.send(JSON.stringify({ id, rpc: { method: 'echo.say', data: { text: `call ${id}` } } }));
      if (everyMs > 0) await sleep(everyMs);
    }
    await Promise.all(calls);
  }

  /** Ids for calls that somebody else makes in the name of this client. */
  newIds(count: number): number[] {
    this.#foreign = Array.from({ length: count }, () => ++this.#last);
    return this.#foreign;
  }

  /** Counts how those calls end. */
  async expectAnswers(withinMs: number): Promise<void> {
    await Promise.all(this.#foreign.map((id) => this.#count(id, withinMs)));
  }

  async connectionId(): Promise<string> {
    const id = ++this.#last;
    const reply = this.#reply(id, this.#patienceMs);
    this.#socket.send(JSON.stringify({ id, connect: {} }));
    const client = (await reply)?.connect?.client;
    if (client === undefined) throw new Error('expected the reply to a connect, got another or none');
    return client;
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.terminate();
  }

  async #count(id: number, withinMs: number): Promise<void> {
    const reply = await this.#reply(id, withinMs);
    if (reply === undefined) this.outcomes.unanswered++;
    else if (reply.error === undefined) this.outcomes.answered++;
    else this.outcomes.refused++;
  }

  /** Undefined where none comes in time. */
  async #reply(id: number, withinMs: number): Promise<Reply | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const reply = await new Promise<Reply | undefined>((resolve) => {
      timer = setTimeout(resolve, withinMs, undefined);
      this.#open.set(id, resolve);
    });
    clearTimeout(timer);
    this.#open.delete(id);
    return reply;
  }
}
