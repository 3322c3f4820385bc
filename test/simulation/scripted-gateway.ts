import type { Application, Socket, Wire } from './client-world';
import { Schedule } from './schedule';

/** What happened to a client from outside, at a time in ms after the start. */
export type Happening = { readonly at: number } & (
  | { readonly kind: 'opened' | 'closed'; readonly connection: number }
  | { readonly kind: 'frame'; readonly connection: number; readonly text: string }
  | { readonly kind: 'subscribe' | 'unsubscribe' | 'subscribe anew'; readonly channel: string }
  | { readonly kind: 'connect' }
);

interface Command {
  readonly id: number;
  readonly connect?: { readonly subs?: Readonly<Record<string, object>> };
  readonly subscribe?: { readonly channel: string; readonly recover?: true; readonly offset?: number };
  readonly unsubscribe?: { readonly channel: string };
}

const EPOCHS = ['', 'a', 'b'];

/**
 * A gateway that says what the protocol allows, by a seed and without any sense: it keeps no log, so that clients see gaps,
 * repeats, replies that come late or never, and ends of all kinds. It records what it did.
 */
export class ScriptedGateway implements Wire {
  readonly schedule: Schedule;
  readonly happenings: Happening[] = [];
  /** Frames of the client, by connection. */
  readonly sent: string[][] = [];
  readonly #serverSide: readonly string[];
  readonly #sockets = new Map<number, Socket>();
  #connections = 0;
  #publications = 0;

  constructor(seed: number, serverSide: readonly string[]) {
    this.schedule = new Schedule(seed);
    this.#serverSide = serverSide;
  }

  after(milliseconds: number, name: string, run: () => void): void {
    this.schedule.after(milliseconds, name, run);
  }

  connect(_id: string, _identity: unknown, socket: Socket, opened: () => void): void {
    const connection = this.#connections++;
    this.sent[connection] = [];
    if (this.schedule.chance(0.05)) return;
    this.after(this.schedule.between(5, 80), 'open', () => {
      if (this.schedule.chance(0.1)) {
        this.#record({ kind: 'closed', connection });
        socket.closed();
        return;
      }
      this.#sockets.set(connection, socket);
      this.#record({ kind: 'opened', connection });
      opened();
    });
  }

  frame(id: string, text: string): void {
    const connection = connectionOf(id);
    this.sent[connection]?.push(text);
    for (const line of text.split('\n')) this.#answer(connection, JSON.parse(line) as Command);
  }

  close(id: string): void {
    this.#sockets.delete(connectionOf(id));
  }

  /** Does something to whoever is connected, by itself. */
  act(channel: string): void {
    const connection = this.#connections - 1;
    const roll = this.schedule.random();
    if (roll < 0.7) this.#post(connection, this.#publication(channel));
    else if (roll < 0.8)
      this.#post(connection, { push: { channel, unsubscribe: { code: 2500, reason: 'x' } } });
    else if (roll < 0.82)
      this.#post(connection, { push: { channel, unsubscribe: { code: 2000, reason: 'x' } } });
    else if (roll < 0.9) this.#post(connection, { push: { disconnect: { code: 3010, reason: 'x' } } });
    else if (roll < 0.91) this.#post(connection, { push: { disconnect: { code: 3500, reason: 'x' } } });
    else if (roll < 0.94) this.#post(connection, {});
    else this.cut();
  }

  cut(): void {
    const connection = this.#connections - 1;
    const socket = this.#sockets.get(connection);
    if (socket === undefined) return;
    this.#sockets.delete(connection);
    this.#record({ kind: 'closed', connection });
    socket.closed();
  }

  note(
    happening:
      | { readonly kind: 'connect' }
      | { readonly kind: 'subscribe' | 'unsubscribe' | 'subscribe anew'; readonly channel: string },
  ): void {
    this.#record(happening);
  }

  #answer(connection: number, { id, connect, subscribe, unsubscribe }: Command): void {
    const { schedule } = this;
    // Some answers come after the client gave up, some never.
    const delay = schedule.chance(0.08) ? schedule.between(4_000, 7_000) : schedule.between(1, 60);
    if (schedule.chance(0.04)) return;
    this.after(delay, 'answer', () => {
      const temporary = { id, error: { code: 100, message: 'x', temporary: true } };
      if (connect) this.#post(connection, schedule.chance(0.1) ? temporary : this.#connected(id));
      else if (subscribe) this.#subscribed(connection, id, subscribe, temporary);
      else if (unsubscribe) this.#post(connection, { id, unsubscribe: {} });
    });
  }

  #connected(id: number): object {
    const subs: Record<string, object> = {};
    for (const channel of this.#serverSide)
      subs[channel] = this.#position(channel, this.schedule.chance(0.5), 3);
    return { id, connect: { client: 'x', version: 'x', subs } };
  }

  #subscribed(
    connection: number,
    id: number,
    { channel, recover, offset = 0 }: NonNullable<Command['subscribe']>,
    temporary: object,
  ): void {
    const { schedule } = this;
    if (schedule.chance(0.15)) {
      this.#post(connection, temporary);
      return;
    }
    if (schedule.chance(0.02)) {
      this.#post(connection, { id, error: { code: 103, message: 'x' } });
      return;
    }
    const early = schedule.chance(0.2) ? [this.#publication(channel)] : [];
    const reply = { id, subscribe: this.#position(channel, recover === true, offset) };
    if (schedule.chance(0.5)) this.#post(connection, ...early, reply, this.#publication(channel));
    else for (const message of [...early, reply]) this.#post(connection, message);
  }

  #position(channel: string, recover: boolean, from: number): object {
    const { schedule } = this;
    if (schedule.chance(0.1)) return {};
    const epoch = schedule.pick(EPOCHS);
    const common = { recoverable: true, positioned: true, ...(epoch !== '' && { epoch }) };
    if (!recover) return { ...common, ...(schedule.chance(0.7) && { offset: schedule.between(1, 50) }) };
    if (schedule.chance(0.3)) return { ...common, offset: schedule.between(1, 50), was_recovering: true };
    const publications = Array.from({ length: schedule.between(0, 3) }, (_, index) => ({
      offset: from + index + 1,
      data: `${channel} ${++this.#publications}`,
    }));
    return { ...common, offset: from, was_recovering: true, recovered: true, publications };
  }

  #publication(channel: string): object {
    const data = `${channel} ${++this.#publications}`;
    return { push: { channel, pub: { offset: this.schedule.between(1, 60), data } } };
  }

  #post(connection: number, ...messages: readonly object[]): void {
    const socket = this.#sockets.get(connection);
    if (socket === undefined) return;
    const text = messages.map((message) => JSON.stringify(message)).join('\n');
    this.#record({ kind: 'frame', connection, text });
    socket.receive(text);
  }

  #record(happening: WithoutTime<Happening>): void {
    this.happenings.push({ ...happening, at: this.schedule.now - this.schedule.startedAt });
  }
}

type WithoutTime<Value> = Value extends unknown ? Omit<Value, 'at'> : never;

/** Names of a model's connections end in their number, from 1. */
function connectionOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1)) - 1;
}

/** An application that writes down what it sees. */
export class WritingApplication implements Application {
  readonly lines: string[] = [];

  subscribed(_client: string, channel: string, event: Parameters<Application['subscribed']>[2]): void {
    const { epoch, offset, wasRecovering, recovered } = event;
    this.lines.push(subscribedLine(channel, epoch, offset, wasRecovering, recovered));
  }

  publication(_client: string, channel: string, offset: number, id: string): void {
    this.lines.push(publicationLine(channel, offset, id));
  }

  stuck(): void {
    this.lines.push('ended');
  }
}

export function subscribedLine(
  channel: string,
  epoch: string,
  offset: number,
  wasRecovering: boolean,
  recovered: boolean,
): string {
  return `${channel} subscribed at ${epoch}:${offset}${wasRecovering ? ' was recovering' : ''}${recovered ? ' recovered' : ''}`;
}

export function publicationLine(channel: string, offset: number, data: string): string {
  return `${channel} ${offset} ${data}`;
}
