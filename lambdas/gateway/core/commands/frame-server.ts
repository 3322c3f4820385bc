import { DISCONNECTS, type Disconnect, PROTOCOL_ERRORS } from '../../../contract/codes';
import { traceIdOf } from '../../../contract/trace';
import type { Connection } from '../connections/connection';
import { atMost } from '../parallel';
import type { Command } from '../protocol/commands';
import { type Answer, answerUnserved, refuse, refuseTemporarily } from './answer';
import { serveConnect } from './connect';
import { isOver } from './expiry';
import type { FrameTime } from './frame-time';
import { serveHistory } from './history';
import type { Outbox } from './outbox';
import type { CommandParts } from './parts';
import { servePresence, servePresenceStats } from './presence';
import { servePublish } from './publish';
import { serveRefresh, serveSubRefresh } from './refresh';
import { serveRpc } from './rpc';
import { serveSend } from './send';
import { serveSubscribe } from './subscribe';
import type { Subscriptions } from './subscriptions';

/** A connection while one of its frames is served. */
export interface Session {
  readonly id: string;
  readonly outbox: Outbox;
  readonly time: FrameTime;
  readonly traceparent: string;
  connection: Connection;
  /** The client counts its commands from its connect command on, as SDKs do. */
  readonly ordered: boolean;
  /** A connect command before got an error, so commands behind it are no violation. */
  connectFailed: boolean;
}

const SUBSCRIBES_AT_ONCE = 16;

/** What may keep a command waiting: Redis, a queue, or nothing. */
function dependencyOf({ kind }: Command): 'state' | 'queue' | 'nothing' {
  switch (kind) {
    case 'connect':
    case 'subscribe':
    case 'unsubscribe':
    case 'history':
    case 'presence':
    case 'presence_stats':
    case 'rpc':
    case 'refresh':
    case 'sub_refresh':
    case 'send':
      return 'state';
    case 'publish':
      return 'queue';
    default:
      return 'nothing';
  }
}

/** Serves the commands of one frame whose turn it is. */
export class FrameServer {
  readonly #parts: CommandParts;
  readonly #subscriptions: Subscriptions;

  constructor(parts: CommandParts, subscriptions: Subscriptions) {
    this.#parts = parts;
    this.#subscriptions = subscriptions;
  }

  /** Serves the commands of a frame in their order and posts what they come to. Never rejects. */
  async serve(session: Session, commands: readonly Command[]): Promise<void> {
    const { id, outbox } = session;
    const started = new Map<Command, Promise<Answer>>();
    for (const [index, command] of commands.entries()) {
      await outbox.flushIfOld();
      if (outbox.ended) break;
      if (command.kind === 'subscribe' && !started.has(command)) {
        this.#startSubscribes(session, commands.slice(index), started);
      }
      const answer = await (started.get(command) ?? this.#serveInTime(session, command));
      if (answer.result === 'end') {
        await outbox.flush();
        await Promise.all(started.values());
        await this.#end(id, outbox, answer.disconnect, answer.reason);
        return;
      }
      if (answer.result === 'reply') await outbox.add(answer.reply, answer.pending);
      if (answer.result === 'refused' && 'id' in command) {
        this.#logRefusal(session, command.kind, answer);
        const connects = command.kind === 'connect';
        if (connects) session.connectFailed = true;
        // A client that misses it takes the replies behind it for those of a connection that it never makes.
        await outbox.add({ id: command.id, error: answer.error }, [], connects);
      }
    }
    await outbox.flush();
  }

  /** A reconnect brings a hundred subscribes in a row: those of different channels need not wait for each other. */
  #startSubscribes(
    session: Session,
    commands: readonly Command[],
    started: Map<Command, Promise<Answer>>,
  ): void {
    const channels = new Set<string>();
    const start = atMost(SUBSCRIBES_AT_ONCE);
    for (const command of commands) {
      if (command.kind !== 'subscribe' || channels.has(command.channel)) return;
      channels.add(command.channel);
      started.set(
        command,
        start(() => this.#serveInTime(session, command)),
      );
    }
  }

  /** Where a command is late it gets an error, and what comes of it after that is made good. */
  async #serveInTime(session: Session, command: Command): Promise<Answer> {
    const { time } = session;
    // Nothing that could hang; to watch each ping of a flood would cost more than to answer it.
    if (command.kind === 'ping' || command.kind === 'pong' || command.kind === 'refused') {
      return this.#serve(session, command);
    }
    const dependency = dependencyOf(command);
    const late = command.kind === 'subscribe' ? time.almostOver : time.over;
    if ((dependency !== 'nothing' && late) || (dependency === 'state' && time.stateHangs)) {
      return this.#unserved(session, command, `${command.kind}: expected time for it, got none`);
    }
    const served = await time.inTime(this.#serve(session, command), (late) =>
      this.#settleLate(session, command, late),
    );
    return (
      served ?? this.#unserved(session, command, `${command.kind}: expected it served in time, got no end`)
    );
  }

  /**
   * An unsubscribe has no error reply, since that would make an SDK reconnect. Where it is not done, the next subscribe of
   * the channel would be one too many, and a late end of it would end that one: only a new connection helps.
   */
  #unserved({ connection }: Session, command: Command, reason: string): Answer {
    if (command.kind !== 'unsubscribe' || connection.state !== 'connected')
      return answerUnserved(command, reason);
    return { result: 'end', disconnect: DISCONNECTS.insufficientState, reason };
  }

  /** The client was told an error and yet is connected or subscribed: only a new connection helps. */
  async #settleLate({ id, outbox }: Session, { kind }: Command, answer: Answer): Promise<void> {
    if (answer.result === 'end') await this.#end(id, outbox, answer.disconnect, answer.reason);
    if (answer.result === 'reply' && (kind === 'connect' || kind === 'subscribe')) {
      await this.#end(
        id,
        outbox,
        DISCONNECTS.insufficientState,
        `${kind}: expected it served in time, got it later`,
      );
    }
  }

  async #serve(session: Session, command: Command): Promise<Answer> {
    if (session.connection.state !== 'connected' && command.kind !== 'connect') {
      if (session.connectFailed) return answerUnserved(command, 'connect: expected it served, got an error');
      return {
        result: 'end',
        disconnect: DISCONNECTS.badRequest,
        reason: `${command.kind}: expected connect before it, got none`,
      };
    }
    const startedAt = this.#parts.clock.now();
    if (command.kind !== 'connect' && isOver(session.connection.identity.expiresAt, startedAt)) {
      return { result: 'end', disconnect: DISCONNECTS.expired, reason: 'token: expected it renewed in time' };
    }
    try {
      return await this.#serveConnected(session, command);
    } catch (error) {
      if (dependencyOf(command) === 'state') session.time.noteFailure(startedAt);
      return refuseTemporarily(error);
    }
  }

  async #serveConnected(session: Session, command: Command): Promise<Answer> {
    const { id, connection, traceparent } = session;
    const { user, info } = connection.identity;
    const sender = { connection: id, user, traceparent, ...(info === undefined ? {} : { info }) };
    switch (command.kind) {
      case 'connect': {
        const { answer, identity } = await serveConnect(
          this.#parts,
          this.#subscriptions,
          id,
          connection,
          command,
        );
        if (identity) session.connection = { state: 'connected', identity, mayConnectAgain: false };
        return answer;
      }
      case 'subscribe':
        return serveSubscribe(this.#parts, this.#subscriptions, sender, command, session.ordered);
      case 'unsubscribe':
        if (!(await this.#subscriptions.unsubscribe(id, command.channel))) {
          return this.#unserved(session, command, 'unsubscribe: expected it done, got a failure');
        }
        return { result: 'reply', reply: { id: command.id, unsubscribe: {} } };
      case 'publish':
        return servePublish(this.#parts, sender, command);
      case 'history':
        return serveHistory(this.#parts, sender, command);
      case 'rpc':
        return serveRpc(this.#parts, sender, command);
      case 'ping':
        return { result: 'reply', reply: { id: command.id, ping: {} } };
      case 'presence':
        return servePresence(this.#parts, sender, command);
      case 'presence_stats':
        return servePresenceStats(this.#parts, sender, command);
      case 'refresh': {
        const { answer, identity } = await serveRefresh(this.#parts, sender, command);
        if (identity) session.connection = { ...session.connection, identity };
        return answer;
      }
      case 'sub_refresh':
        return serveSubRefresh(this.#parts, sender, command);
      case 'refused':
        return refuse(PROTOCOL_ERRORS.badRequest, `${command.name}: ${command.reason}`);
      case 'send':
        return serveSend(this.#parts, sender, command);
      case 'pong':
        // Nobody asked: connect replies ask for no pongs. It does no harm either.
        return { result: 'later' };
    }
  }

  async #end(id: string, outbox: Outbox, disconnect: Disconnect, reason: string): Promise<void> {
    this.#parts.log('warn', 'connection refused', { connection: id, code: disconnect.code, reason });
    if (!outbox.ended) await outbox.end(disconnect);
  }

  #logRefusal(session: Session, command: string, { error, reason }: Extract<Answer, { result: 'refused' }>) {
    if (error === PROTOCOL_ERRORS.limitExceeded) {
      this.#parts.noteLimit('subscriptionsPerConnection', { connection: session.id });
    }
    this.#parts.log('warn', 'command refused', {
      connection: session.id,
      command,
      code: error.code,
      reason,
      trace: traceIdOf(session.traceparent),
    });
  }
}
