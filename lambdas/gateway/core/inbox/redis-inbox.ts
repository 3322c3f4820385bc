import { createHash } from 'node:crypto';
import { connectionOf } from '../connections/redis-connections';
import { connectionKey, inboxKey } from '../keys';
import type { Rate } from '../limits/rates';
import { ScriptResultError, type ScriptRunner, textList } from '../redis-script';
import {
  CHECKUP_MS,
  type Entered,
  type Frame,
  INBOX_TTL_SECONDS,
  type Inbox,
  LOCK_MS,
  MAX_WAITING_BYTES,
  MAX_WAITING_FRAMES,
  type Next,
  type StoredFrame,
  type Turn,
  type Verdict,
} from './inbox';
import { enter } from './scripts/enter';
import { next } from './scripts/next';
import { turn } from './scripts/turn';

const VERDICTS: readonly Verdict[] = ['run', 'wait', 'plain', 'repeat', 'violation', 'full', 'dead'];
const TURNS = [
  'plain',
  'taken',
  'gap',
  'busy',
  'vanished',
  'repeat',
  'violation',
  'dead',
  'closed',
  'absent',
] as const;
const UNLIMITED: Rate = { perSecond: 1_000_000, burst: 1_000_000 };

const NEXT = ['released', 'vanished', 'lost'] as const;

function frameOf([first = '', at = '', text = '']: readonly string[]): StoredFrame {
  return { first: Number(first), at: Number(at), text };
}

/** Enough to tell a frame from another with the same ids: only its own client gains or loses by it. */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 4);
}

function keysOf(connection: string): readonly string[] {
  return [connectionKey(connection), inboxKey(connection)];
}

/** The inbox in Redis, beside the connections' hashes. */
export class RedisInbox implements Inbox {
  readonly #scripts: ScriptRunner;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  async enter(connection: string, token: string, frame: Frame, rate: Rate = UNLIMITED): Promise<Entered> {
    const { first, last, contiguous, connects, refusable, text, at, cost } = frame;
    const answer = textList(
      enter,
      await this.#scripts.run(enter, keysOf(connection), [
        token,
        at,
        at + LOCK_MS,
        first,
        last,
        contiguous ? '1' : '',
        connects ? '1' : '',
        digestOf(text),
        text,
        MAX_WAITING_BYTES,
        MAX_WAITING_FRAMES,
        INBOX_TTL_SECONDS,
        CHECKUP_MS,
        cost,
        1000 / rate.perSecond,
        rate.burst,
        refusable ? '1' : '',
      ]),
    );
    const known = connectionOf(answer);
    const [, , , , , , due, name, load, charge] = answer;
    const verdict = VERDICTS.find((one) => one === name);
    const open = known.state === 'pending' || known.state === 'connected';
    if (open && load !== 'flood' && verdict === undefined)
      throw new ScriptResultError(enter, VERDICTS.join(' or '), name);
    return {
      connection: known,
      load: load === 'over' || load === 'flood' ? load : 'fine',
      charge: Number(charge ?? 0),
      verdict: verdict ?? 'plain',
      checkupDue: due === '1',
    };
  }

  async turn(connection: string, token: string, first: number, now: number, late: boolean): Promise<Turn> {
    const [name, ...answer] = textList(
      turn,
      await this.#scripts.run(turn, keysOf(connection), [token, now, now + LOCK_MS, first, late ? '1' : '']),
    );
    if (name === 'run')
      return { result: 'run', frame: frameOf(answer), connection: connectionOf(answer.slice(3)) };
    const result = TURNS.find((one) => one === name);
    if (result === undefined) throw new ScriptResultError(turn, `run or ${TURNS.join(' or ')}`, name);
    return { result };
  }

  async next(connection: string, token: string, first: number, now: number, goOn: boolean): Promise<Next> {
    const [name, ...answer] = textList(
      next,
      await this.#scripts.run(next, keysOf(connection), [token, now + LOCK_MS, first, goOn ? '1' : '']),
    );
    if (name === 'run') return { result: 'run', frame: frameOf(answer) };
    const result = NEXT.find((one) => one === name);
    if (result === undefined) throw new ScriptResultError(next, `run or ${NEXT.join(' or ')}`, name);
    return { result };
  }
}
