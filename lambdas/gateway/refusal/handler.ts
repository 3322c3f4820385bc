import * as v from 'valibot';
import { PROTOCOL_ERRORS } from '../../contract/codes';
import { readEnvironment } from '../../contract/environment';
import { encodeFrame } from '../../contract/frames';
import { log } from '../../contract/log';
import { traceIdOf } from '../../contract/trace';
import { SignedPoster } from '../core/adapters/aws/signed-poster';
import type { Poster, PostOutcome } from '../core/ports';

/**
 * How long after its deadline an rpc is still answered. SDK clients have given up by then and drop the answer; clients without
 * a timer still wait. Long enough for a function that ran into its timeout, too short for events that aged out behind a
 * throttle (60 s): those come by the thousand, just when posts are scarce.
 */
export const ANSWERED_AFTER_DEADLINE_MS = 10_000;

/** The answer was not posted; Lambda tries again. */
export class RefusalError extends Error {
  override readonly name = 'RefusalError';

  constructor(outcome: PostOutcome) {
    super(`answer to a failed rpc: expected it to be posted, got ${outcome}`);
  }
}

/** The record that Lambda sends to an on-failure destination; `requestPayload` is the event that the function got. */
const failureRecord = v.object({
  requestContext: v.object({ condition: v.string(), functionArn: v.string() }),
  requestPayload: v.object({
    'replay-name': v.optional(v.string()),
    detail: v.object({
      id: v.string(),
      kind: v.string(),
      method: v.exactOptional(v.string()),
      client: v.pipe(v.string(), v.nonEmpty()),
      commandId: v.pipe(v.number(), v.safeInteger()),
      deadline: v.number(),
      traceparent: v.string(),
    }),
  }),
});

type FailureRecord = v.InferOutput<typeof failureRecord>;

let poster: Poster | undefined;

/** Made at the first record, from the function's environment. Clients drop the second reply to an id. */
function connections(): Poster {
  const { CALLBACK_URL: callbackUrl } = readEnvironment(['CALLBACK_URL']);
  poster ??= new SignedPoster({ callbackUrl, attempts: 3, log });
  return poster;
}

function reasonForSilence({ requestPayload }: FailureRecord): string | undefined {
  const { detail } = requestPayload;
  if (requestPayload['replay-name'] !== undefined) return 'replayed event';
  // A subscribe is answered by its timer: the connection has to forget it at the same time.
  if (detail.kind !== 'rpc' && detail.kind !== 'publish') return 'no command to answer';
  if (Date.now() > detail.deadline + ANSWERED_AFTER_DEADLINE_MS) return 'deadline long passed';
  return undefined;
}

/**
 * Answers error 100 (temporary) to the client whose rpc or publish a business function did not finish: it threw, timed out, died or was
 * never started. A function that died after its own answer makes this a second one, which SDK clients drop.
 */
export async function handler(event: unknown): Promise<void> {
  const parsed = v.safeParse(failureRecord, event);
  if (!parsed.success) {
    // Another try would find the same record.
    const { expected, path } = parsed.issues[0];
    log('error', 'not a failure record', { path: path?.map(({ key }) => key).join('.'), expected });
    return;
  }
  const { requestContext, requestPayload } = parsed.output;
  const { id, kind, method, client: connection, commandId, traceparent } = requestPayload.detail;
  const facts = {
    envelope: id,
    ...(method === undefined ? { kind } : { method }),
    client: connection,
    trace: traceIdOf(traceparent),
    condition: requestContext.condition,
  };
  const silence = reasonForSilence(parsed.output);
  if (silence !== undefined) {
    log('warn', 'command failed and stays unanswered', { ...facts, reason: silence });
    return;
  }
  const frame = encodeFrame([{ id: commandId, error: PROTOCOL_ERRORS.internal }]);
  const outcome = await connections().post(connection, frame);
  if (outcome === 'ok') log('warn', 'command failed and was answered with error 100', facts);
  else if (outcome === 'gone') log('info', 'command failed and its connection is gone', facts);
  else throw new RefusalError(outcome);
}
