import { randomBytes } from 'node:crypto';
import { DISCONNECTS, type Disconnect } from '../../../contract/codes';
import { causeOf } from '../../../contract/log';
import { newTraceparent } from '../../../contract/trace';
import type { Connection } from '../connections/connection';
import {
  type Entered,
  type Frame,
  GAP_MS,
  type Next,
  placeOf,
  type StoredFrame,
  TURN_MS,
  type Turn,
} from '../inbox/inbox';
import { chargeUser, refuseFrame } from '../limits/command-load';
import type { Command } from '../protocol/commands';
import { parseFrame } from '../protocol/parse-frame';
import { answerUnserved } from './answer';
import { FrameServer } from './frame-server';
import { FrameTime } from './frame-time';
import { Outbox } from './outbox';
import type { CommandParts } from './parts';
import { Subscriptions } from './subscriptions';

/** How often a frame that waits is looked after: at first soon, since most wait for one that is just being served. */
const POLLS_MS = [10, 15, 25];
const POLL_MS = 50;

/** One invocation: a frame came in, and others of its connection may be served on the way. */
interface Invocation {
  readonly id: string;
  readonly token: string;
  readonly frame: Frame;
  readonly outbox: Outbox;
  /** Work that goes on after the replies. */
  readonly rests: FrameTime[];
}

/** Takes the frames of clients, brings those of a connection into their order, and has them served. */
export class Ingress {
  readonly #parts: CommandParts;
  readonly #subscriptions: Subscriptions;
  readonly #server: FrameServer;

  constructor(parts: CommandParts) {
    this.#parts = parts;
    this.#subscriptions = new Subscriptions(parts);
    this.#server = new FrameServer(parts, this.#subscriptions);
  }

  /** Serves one text frame of a connection, command by command. Never rejects: the gateway hears nothing of its outcome. */
  async handle(id: string, text: string): Promise<void> {
    const at = this.#parts.clock.now();
    const time = new FrameTime(this.#parts.clock, at, at);
    const outbox = new Outbox(this.#parts, this.#subscriptions, id, time);
    const parsed = parseFrame(text);
    if (!parsed.ok) {
      await this.#end(id, outbox, DISCONNECTS.badRequest, parsed.reason);
      return;
    }
    const { commands } = parsed;
    const frame = { ...placeOf(commands), text, commands, at };
    const token = randomBytes(9).toString('base64url');
    const invocation = { id, token, frame, outbox, rests: [time] };
    try {
      const entered = await this.#enter(invocation);
      if (entered.charge > 0) time.later(chargeUser(this.#parts, id, entered));
      if (entered.load === 'flood') return await this.#endFlood(invocation);
      const served = entered.load === 'over' ? await refuseFrame(this.#parts, id, frame, outbox) : frame;
      await this.#proceed({ ...invocation, frame: served }, entered);
      if (entered.checkupDue) time.later(this.#parts.checkup.run(id));
    } catch (error) {
      await this.#answerWithoutState(id, outbox, commands, error);
    }
    for (const rest of invocation.rests) await rest.rest();
  }

  /** A frame without ids may have overtaken the connect command: it has no place, so it waits for that. */
  async #enter({ id, token, frame }: Invocation): Promise<Entered> {
    const { inbox, clock, limits } = this.#parts;
    const rate = { perSecond: limits.commandsPerSecond, burst: limits.commandBurst };
    const sends = frame.commands.some(({ kind }) => kind === 'send');
    const mayWait = ({ connection, load, verdict }: Entered) =>
      sends && connection.state === 'pending' && load === 'fine' && verdict === 'plain';
    let entered = await inbox.enter(id, token, frame, rate);
    while (mayWait(entered) && clock.now() < frame.at + GAP_MS) {
      await clock.sleep(POLL_MS);
      const later = await inbox.enter(id, token, { ...frame, cost: 0 }, rate);
      // It was let in; only the end of its connection changes that.
      const load = later.load === 'flood' ? 'flood' : 'fine';
      entered = { ...later, load, charge: entered.charge + later.charge };
    }
    return entered;
  }

  #endFlood({ id, frame, outbox }: Invocation): Promise<void> {
    this.#parts.noteLimit('commandsPerConnection', { connection: id, commands: frame.cost, ended: true });
    return this.#end(id, outbox, DISCONNECTS.tooManyRequests, 'commands: expected fewer, got a flood');
  }

  async #proceed(invocation: Invocation, { connection, verdict }: Entered): Promise<void> {
    const { id, outbox, frame } = invocation;
    if (connection.state === 'closed') return this.#endAgain(id, outbox);
    if (connection.state === 'absent')
      return this.#endLost(id, outbox, 'connection: expected its state, got none');
    switch (verdict) {
      case 'plain':
        await this.#serve(invocation, frame, connection);
        return;
      case 'run':
        await this.#serveInOrder(invocation, frame, connection);
        return;
      case 'wait':
        return this.#await(invocation, connection);
      case 'repeat':
        this.#parts.log('info', 'frame that was there before ignored', { connection: id });
        return;
      case 'violation':
        return this.#end(
          id,
          outbox,
          DISCONNECTS.badRequest,
          'ids: expected each the one before plus 1, got others',
        );
      case 'full':
        this.#parts.noteLimit('waitingFrames', { connection: id });
        return this.#end(
          id,
          outbox,
          DISCONNECTS.tooManyRequests,
          'inbox: expected fewer waiting frames, got more',
        );
      case 'dead':
        return this.#endLost(id, outbox, 'frame: expected the one before served, got no end of it');
    }
  }

  /** Looks after a frame that was put away, until it was served or never will be. */
  async #await(invocation: Invocation, connection: Connection): Promise<void> {
    const { id, outbox, frame } = invocation;
    const { clock } = this.#parts;
    for (let polls = 0; ; polls++) {
      await clock.sleep(POLLS_MS[polls] ?? POLL_MS);
      const now = clock.now();
      const late = now >= frame.at + GAP_MS;
      const turn = await this.#turn(invocation, now, late);
      switch (turn.result) {
        case 'run':
          if (await this.#takeTurn(invocation, turn)) return;
          break;
        case 'plain':
          // A client that does not count, so that it is no SDK: it has the whole time after the wait.
          await this.#serve(invocation, { ...frame, at: now }, connection);
          return;
        case 'taken':
          return;
        case 'repeat':
          this.#parts.log('info', 'frame that was there before ignored', { connection: id });
          return;
        case 'gap':
          if (!late) break;
          return this.#endLost(id, outbox, `frame: expected the one before it within ${GAP_MS} ms, got none`);
        case 'busy':
          if (now < frame.at + TURN_MS) break;
          return this.#endLost(id, outbox, `frame: expected its turn within ${TURN_MS} ms, got none`);
        case 'violation':
          return this.#end(
            id,
            outbox,
            DISCONNECTS.badRequest,
            'ids: expected each the one before plus 1, got others',
          );
        case 'vanished':
        case 'dead':
        case 'absent':
          return this.#endLost(id, outbox, `frame: expected it served, got ${turn.result}`);
        case 'closed':
          return this.#endAgain(id, outbox);
      }
    }
  }

  /** Where Redis does not answer, the frame may still be served by another: it is looked after again, and gets no error. */
  async #turn({ id, token, frame }: Invocation, now: number, late: boolean): Promise<Turn> {
    try {
      return await this.#parts.inbox.turn(id, token, frame.first, now, late);
    } catch (error) {
      this.#parts.log('warn', 'waiting frame not looked after', { connection: id, ...causeOf(error) });
      return { result: 'busy' };
    }
  }

  /** Serves from the frame whose turn it is; answers whether the invocation's own was among those, or the connection ended. */
  async #takeTurn(
    invocation: Invocation,
    { frame, connection }: Extract<Turn, { result: 'run' }>,
  ): Promise<boolean> {
    const served = await this.#serveInOrder(invocation, this.#unpack(frame), connection);
    return invocation.outbox.ended || served.has(invocation.frame.first);
  }

  /** What was put away had been parsed before. */
  #unpack({ first, at, text }: StoredFrame): Pick<Frame, 'first' | 'at' | 'commands'> {
    const parsed = parseFrame(text);
    return { first, at, commands: parsed.ok ? parsed.commands : [] };
  }

  /** Serves a frame and those that wait behind it, as long as there is time. Answers their first ids. */
  async #serveInOrder(
    invocation: Invocation,
    begin: Pick<Frame, 'first' | 'at' | 'commands'>,
    known: Connection,
  ): Promise<ReadonlySet<number>> {
    const { id, outbox } = invocation;
    const served = new Set<number>();
    let connection = known;
    for (let current = begin; ; ) {
      // An order begins with a connect command: behind one that got an error, commands are no violation.
      const connectFailed =
        connection.state === 'pending' && current.commands.every(({ kind }) => kind !== 'connect');
      connection = await this.#serve(invocation, current, connection, { ordered: true, connectFailed });
      served.add(current.first);
      if (outbox.ended) return served;
      const next = await this.#next(invocation, current.first);
      if (next.result === 'vanished') {
        await this.#endLost(id, outbox, 'frame: expected the next one, got none');
      }
      if (next.result !== 'run') return served;
      current = this.#unpack(next.frame);
    }
  }

  /** Where Redis does not answer, a frame may have been taken that nobody will serve. */
  async #next({ id, token, frame }: Invocation, first: number): Promise<Next> {
    const { inbox, clock, log } = this.#parts;
    const now = clock.now();
    try {
      return await inbox.next(id, token, first, now, now < frame.at + TURN_MS);
    } catch (error) {
      log('warn', 'next frame not taken', { connection: id, ...causeOf(error) });
      return { result: 'vanished' };
    }
  }

  /** Serves one frame; answers the connection as it is after it. */
  async #serve(
    { id, outbox, frame, rests }: Invocation,
    { at, commands }: Pick<Frame, 'at' | 'commands'>,
    connection: Connection,
    order = { ordered: false, connectFailed: false },
  ): Promise<Connection> {
    const time = new FrameTime(this.#parts.clock, at, frame.at);
    rests.push(time);
    const session = { id, outbox, time, connection, traceparent: newTraceparent(), ...order };
    await this.#server.serve(session, commands);
    return session.connection;
  }

  /** Redis is away, so nobody knows whether the connection is connected: it stays open, and the client may try again. */
  async #answerWithoutState(
    id: string,
    outbox: Outbox,
    commands: readonly Command[],
    error: unknown,
  ): Promise<void> {
    this.#parts.log('error', 'connection state not readable', { connection: id, ...causeOf(error) });
    for (const command of commands) {
      const answer = answerUnserved(command, 'connection: expected its state, got none');
      if (answer.result === 'reply') await outbox.add(answer.reply);
      if (answer.result === 'refused' && 'id' in command) {
        await outbox.add({ id: command.id, error: answer.error });
      }
    }
    await outbox.flush();
    // It has no error reply, and its subscription goes on: the client has to begin anew.
    if (commands.some(({ kind }) => kind === 'unsubscribe')) {
      await this.#endLost(id, outbox, 'unsubscribe: expected it done, got a failure');
    }
  }

  /**
   * A frame on a closed connection: the close did not reach the socket, which would stay open and deaf. Or the frame was on
   * its way when the client left; then the connection is gone, and this changes nothing.
   */
  async #endAgain(id: string, outbox: Outbox): Promise<void> {
    const disconnect = DISCONNECTS.insufficientState;
    this.#parts.log('info', 'frame of a closed connection, ended again', {
      connection: id,
      code: disconnect.code,
    });
    await outbox.end(disconnect);
  }

  /** What the gateway knows of the connection is not what its client believes: it has to build it anew. */
  #endLost(id: string, outbox: Outbox, reason: string): Promise<void> {
    return this.#end(id, outbox, DISCONNECTS.insufficientState, reason);
  }

  async #end(id: string, outbox: Outbox, disconnect: Disconnect, reason: string): Promise<void> {
    this.#parts.log('warn', 'connection refused', { connection: id, code: disconnect.code, reason });
    if (!outbox.ended) await outbox.end(disconnect);
  }
}
