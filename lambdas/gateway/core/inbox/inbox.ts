import type { Connection } from '../connections/connection';
import type { Rate } from '../limits/rates';
import type { Command } from '../protocol/commands';

/** A frame's place in the order of its connection, by the ids of its commands. */
export interface Place {
  /** Id of the first command that has one; 0 where none has: such a frame has no place. */
  readonly first: number;
  readonly last: number;
  /** Whether each id is the one before plus 1. */
  readonly contiguous: boolean;
  /** Whether a connect command is among them. */
  readonly connects: boolean;
  /** Whether its commands may get an error: a connect would begin anew for it, and an unsubscribe must never have one. */
  readonly refusable: boolean;
  /** Commands that it counts for. */
  readonly cost: number;
}

/** A frame that came in. */
export interface Frame extends Place {
  readonly text: string;
  readonly commands: readonly Command[];
  /** When it came (epoch ms). */
  readonly at: number;
}

/** A frame that waited, as it was put away. */
export interface StoredFrame {
  readonly first: number;
  readonly at: number;
  readonly text: string;
}

/**
 * What is to be done with a frame. `run`: its turn, the lock is the caller's. `wait`: put away until its turn. `plain`: the
 * connection has no order, or the frame no place in it. `repeat`: a frame that was there before. `violation`: its ids break
 * the order. `full`: too much waits. `dead`: whoever served the connection's frames died over one.
 */
export type Verdict = 'run' | 'wait' | 'plain' | 'repeat' | 'violation' | 'full' | 'dead';

/**
 * Whether a connection sends too much. `over`: the frame's commands are to be refused, and its place in the order stays.
 * `flood`: the connection is to be closed.
 */
export type Load = 'fine' | 'over' | 'flood';

export interface Entered {
  readonly connection: Connection;
  readonly load: Load;
  /** Commands that the user is to be charged for now. */
  readonly charge: number;
  /** Means nothing where the connection is closed or absent, or floods. */
  readonly verdict: Verdict;
  /** Whether the connection's subscriptions are to be verified now; said once a minute. */
  readonly checkupDue: boolean;
}

/**
 * What became of a frame that waits. `run`: the lock is the caller's, and the frame whose turn it is, its own or one
 * before it. `plain`: no connect command came, so the connection has no order. `taken`: whoever has the lock serves or has served it. `gap`: what comes before it is not there. `busy`: what
 * comes before it is being served. `vanished`: Redis lost it. Others as `Verdict`.
 */
export type Turn =
  | { readonly result: 'run'; readonly frame: StoredFrame; readonly connection: Connection }
  | {
      readonly result:
        | 'plain'
        | 'taken'
        | 'gap'
        | 'busy'
        | 'vanished'
        | 'repeat'
        | 'violation'
        | 'dead'
        | 'closed'
        | 'absent';
    };

/** What the holder of the lock does after a frame. `lost`: the lock is another's, or the connection ended. */
export type Next =
  | { readonly result: 'run'; readonly frame: StoredFrame }
  | { readonly result: 'released' | 'vanished' | 'lost' };

/**
 * The order of each connection's frames. Functions run the frames of one connection side by side; ids of commands are
 * contiguous per SDK client, and give each frame its place. One invocation at a time has the lock and serves; what comes too
 * early waits here, and whoever has the lock takes it. `token` names an invocation, so that each call bears a repeat.
 */
export interface Inbox {
  /**
   * First for every frame: what is known of the connection, and whether the frame may run. Rejects where Redis fails.
   * @param rate how many commands the connection may send. @default - any number
   */
  enter(connection: string, token: string, frame: Frame, rate?: Rate): Promise<Entered>;
  /**
   * Looks after the frame with that first id, which waits; `late`: it waited for a missing one long enough. Rejects where
   * Redis fails.
   */
  turn(connection: string, token: string, first: number, now: number, late: boolean): Promise<Turn>;
  /** After the frame with that first id: takes the next one if it is there and `goOn`, else gives the lock back. */
  next(connection: string, token: string, first: number, now: number, goOn: boolean): Promise<Next>;
}

/**
 * How long a lock is good without being renewed, which each frame does: 4 s for its commands, 2.5 s for the last post, and some
 * for the way. After it the holder counts as dead. It is never taken over: nobody knows which commands were run.
 */
export const LOCK_MS = 7_000;

/** How long a frame waits for one before it that is not there. Clients give up after 5 s; Lambda starts a sandbox in 1 or 2. */
export const GAP_MS = 3_000;

/**
 * An invocation begins no frame later than this after its own begin: with the frame's time and the last post it ends before
 * its function's 15 s. So long a frame waits at most, too.
 */
export const TURN_MS = 8_000;

/** What may wait on one connection: four frames of the largest size, or subscribes by the dozen. */
export const MAX_WAITING_BYTES = 128 * 1024;
export const MAX_WAITING_FRAMES = 64;

/** Frames wait for seconds; a client's text is not kept beyond that. */
export const INBOX_TTL_SECONDS = 60;

/** How often the subscriptions of a connection that sends frames are verified. */
export const CHECKUP_MS = 60_000;

/** The place of a frame with these commands. */
export function placeOf(commands: readonly Command[]): Place {
  const ids = commands.flatMap((command) => {
    if ('id' in command) return [command.id];
    return command.kind === 'send' && command.place !== undefined ? [command.place] : [];
  });
  const [first = 0] = ids;
  return {
    first,
    last: ids.at(-1) ?? 0,
    contiguous: ids.every((id, index) => id === first + index),
    connects: commands.some(({ kind }) => kind === 'connect'),
    refusable: commands.every(({ kind }) => kind !== 'connect' && kind !== 'unsubscribe'),
    cost: commands.length,
  };
}
