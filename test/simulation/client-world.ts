import type { CommandError, Message, Publication, SubscribeReply } from './client-protocol';

/** The client's end of a connection. */
export interface Socket {
  receive(frame: string): void;
  closed(): void;
}

/** Who a handshake's token says a client is. */
export interface Identity {
  readonly user: string;
  /** Server-side subscriptions. */
  readonly channels: readonly string[];
}

/** The world of a client: time, and the way to the gateway. */
export interface Wire {
  /** Runs something later; milliseconds. */
  after(milliseconds: number, name: string, run: () => void): void;
  /** Opens a connection; `opened` runs where that succeeds, `socket.closed` where it fails or ends. */
  connect(connection: string, identity: Identity | undefined, socket: Socket, opened: () => void): void;
  frame(connection: string, text: string): void;
  close(connection: string): void;
}

/** The result of a subscribe as an application sees it. */
export interface SubscribedEvent {
  readonly epoch: string;
  readonly offset: number;
  readonly wasRecovering: boolean;
  readonly recovered: boolean;
  /** The client asked to recover: a reply without `wasRecovering` would hide that it lost something. */
  readonly asked: boolean;
}

/** What an application sees. */
export interface Application {
  /** `early`: publications beyond this reply that came before it, which the client therefore dropped. */
  subscribed(client: string, channel: string, event: SubscribedEvent, early: readonly Publication[]): void;
  publication(client: string, channel: string, offset: number, id: string): void;
  /** Something ended for good that nobody asked to end. */
  stuck(client: string, text: string): void;
}

export interface ClientOptions {
  readonly name: string;
  readonly wire: Wire;
  readonly application: Application;
  /** Shows who it is by a token in its connect command; else the handshake did. */
  readonly token: string | undefined;
  /** Channels of its token. */
  readonly serverSide: readonly string[];
  /** Its own subscriptions ask to be told who joins and leaves. */
  readonly joinLeave?: boolean;
  /** From 0 to below 1: jitter of delays. */
  readonly random: () => number;
  /** Whether the commands of an opened connection go in frames of their own, as where tokens have to be fetched. */
  readonly splits: () => boolean;
}

/** What waits for the reply to a command. */
export interface Call {
  done(message: Message): void;
  failed(error: CommandError): void;
}

/** A connection as its subscriptions use it. */
export interface Link {
  readonly isOpen: boolean;
  readonly options: ClientOptions;
  /** The command with its id; its reply, its time-out or the end of the connection goes to `call`. */
  call(command: object, call: Call): object;
  send(commands: readonly object[]): void;
  reconnect(): void;
}

export function eventOf(reply: SubscribeReply, asked: boolean): SubscribedEvent {
  const { epoch = '', offset = 0, was_recovering: wasRecovering = false, recovered = false } = reply;
  return { epoch, offset, wasRecovering, recovered, asked };
}

/** The fields by which a command asks to recover; zero values are left out, as centrifuge-js does. */
export function recoveryOf({ epoch, offset }: { readonly epoch: string; readonly offset: number }): object {
  return { recover: true, ...(offset > 0 && { offset }), ...(epoch !== '' && { epoch }) };
}
