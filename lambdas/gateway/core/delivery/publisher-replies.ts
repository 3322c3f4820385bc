import type { DeliveryReply } from '../../../contract/delivery';
import { encodeFrame, FRAME_BYTES, type Reply } from '../../../contract/frames';
import type { PostBudget } from '../limits/post-budget';
import { inParallel } from '../parallel';
import type { Clock, Log, Poster, PostOutcome } from '../ports';

/** The reply to a command that made a publication. */
export interface PublisherReply {
  readonly connection: string;
  /** What is answered: the reply to an rpc was counted when it was accepted. */
  readonly kind: DeliveryReply['kind'];
  readonly reply: Reply;
}

export interface PublisherReplyParts {
  readonly poster: Poster;
  readonly budget: Pick<PostBudget, 'spend'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A batch has at most ten publishers: none waits for another. */
const CONNECTIONS_AT_ONCE = 10;

/** Rests before a throttled reply is posted again. */
const THROTTLE_PAUSES_MS = [200, 800];

/**
 * Posts the replies of a batch, those to one connection in few frames and in their order. Posts begin before `endsAt` (epoch
 * ms); what is not posted is left to the time limits of the clients. Never rejects.
 */
export async function postReplies(
  parts: PublisherReplyParts,
  replies: readonly PublisherReply[],
  endsAt: number,
): Promise<void> {
  const byConnection = new Map<string, Reply[]>();
  for (const { connection, reply } of replies) {
    byConnection.set(connection, [...(byConnection.get(connection) ?? []), reply]);
  }
  const posted = inParallel([...byConnection], CONNECTIONS_AT_ONCE, ([connection, own]) =>
    postTo(parts, connection, own, endsAt),
  );
  // They are on their way by now.
  const publishers = replies.filter(({ kind }) => kind === 'publish').map(({ connection }) => connection);
  parts.budget.spend(new Set(publishers).size);
  await posted;
}

async function postTo(
  parts: PublisherReplyParts,
  connection: string,
  replies: readonly Reply[],
  endsAt: number,
): Promise<void> {
  for (const frame of framesOf(replies)) {
    const outcome = await postInTime(parts, connection, frame, endsAt);
    if (outcome === 'ok') continue;
    parts.log('warn', 'replies of publications not posted', { connection, outcome });
    // Further frames would find nobody, or wait as long for somebody who does not take them.
    if (outcome === 'gone' || outcome === 'unknown' || outcome === 'late') return;
  }
}

/** A throttled frame was not taken, so it may be posted again while its clients still wait for it. */
async function postInTime(
  { poster, clock }: PublisherReplyParts,
  connection: string,
  frame: string,
  endsAt: number,
): Promise<PostOutcome | 'late'> {
  for (const pause of THROTTLE_PAUSES_MS) {
    if (clock.now() >= endsAt) return 'late';
    const outcome = await poster.post(connection, frame);
    if (outcome !== 'throttled') return outcome;
    await clock.sleep(pause);
  }
  return clock.now() < endsAt ? poster.post(connection, frame) : 'late';
}

function framesOf(replies: readonly Reply[]): readonly string[] {
  const frames: string[] = [];
  let bytes = FRAME_BYTES;
  for (const reply of replies) {
    const text = encodeFrame([reply]);
    const more = Buffer.byteLength(text) + 1;
    const last = frames.at(-1);
    if (last === undefined || bytes + more > FRAME_BYTES) {
      frames.push(text);
      bytes = more;
    } else {
      frames[frames.length - 1] = `${last}\n${text}`;
      bytes += more;
    }
  }
  return frames;
}
