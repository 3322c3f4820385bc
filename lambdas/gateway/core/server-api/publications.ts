import { createHash, randomUUID } from 'node:crypto';
import { PROTOCOL_ERRORS } from '../../../contract/codes';
import { type Delivery, MAX_PUBLICATION_BYTES, publicationBytes } from '../../../contract/delivery';
import type { JsonObject } from '../../../contract/json';
import { causeOf } from '../../../contract/log';
import { GATEWAY_SERVICE } from '../../../contract/registry';
import { childTraceparent } from '../../../contract/trace';
import { inParallel } from '../parallel';
import { type ApiAnswer, refused } from './answer';
import { guarded } from './guarded';
import { rulesFor } from './namespace';
import type { Position, RequestContext, ServerApiParts } from './ports';
import type { Request } from './requests';

type Parts = Pick<ServerApiParts, 'registry' | 'deliveries' | 'logs' | 'clock' | 'log'>;
type Publication = Omit<Request<'publish'>, 'channel'>;

/** As many sockets as the queue's client has. */
const SENDS_AT_ONCE = 16;
const LOOKS_AT_ONCE = 32;

/**
 * How long a publish waits for its place in the log. A warm courier takes tens of milliseconds, a cold one a second or two; who
 * waits longer does not learn more than that the queue has it, which is what a publish without history means to a backend.
 */
export const WAIT_MS = 3_000;

/** Looks at the log: soon and often at first, when it is likely to be there. */
const FIRST_LOOKS = 20;
const FIRST_PAUSE_MS = 25;
const PAUSE_MS = 100;

/** Rest after so many looks. */
export function pauseAfter(looks: number): number {
  return looks < FIRST_LOOKS ? FIRST_PAUSE_MS : PAUSE_MS;
}

interface Sent {
  readonly channel: string;
  readonly key: string;
}

/** Publishes into one channel. Answers its position, or nothing where no courier has taken it in time. */
export async function publish(
  parts: Parts,
  { channel, ...publication }: Request<'publish'>,
  context: RequestContext,
): Promise<ApiAnswer> {
  const [answer] = await publishAll(parts, [channel], publication, context);
  return answer ?? { result: {} };
}

/** Publishes the same into each channel. Answers each by itself, in their order. */
export async function broadcast(
  parts: Parts,
  { channels, ...publication }: Request<'broadcast'>,
  context: RequestContext,
): Promise<ApiAnswer> {
  const answers = await publishAll(parts, channels, publication, context);
  return { result: { responses: answers.map(responseOf) } };
}

function responseOf(answer: ApiAnswer): JsonObject {
  return 'error' in answer ? { error: { ...answer.error } } : { result: answer.result };
}

async function publishAll(
  parts: Parts,
  channels: readonly string[],
  publication: Publication,
  context: RequestContext,
): Promise<readonly ApiAnswer[]> {
  const sent = await inParallel(channels, SENDS_AT_ONCE, (channel) =>
    guarded(parts.log, context, () => send(parts, channel, publication, context)),
  );
  const accepted = sent.flatMap((item) => ('key' in item ? [item] : []));
  const positions = context.by === 'api' ? await awaitPositions(parts, accepted) : new Map();
  return sent.map((item) => ('key' in item ? { result: { ...positions.get(item) } } : item));
}

/** Puts one publication on the queue. Rejects where the queue or the registry does. */
async function send(
  { registry, deliveries }: Parts,
  channel: string,
  publication: Publication,
  context: RequestContext,
): Promise<Sent | Extract<ApiAnswer, { error: unknown }>> {
  const found = await rulesFor(registry, channel);
  if ('error' in found) return found;
  const bytes = publicationBytes({ data: publication.data });
  if (bytes > MAX_PUBLICATION_BYTES) {
    return refused(
      PROTOCOL_ERRORS.badRequest,
      `data: expected a publication of at most ${MAX_PUBLICATION_BYTES} bytes, got ${bytes}`,
    );
  }
  const delivery = deliveryOf(channel, publication, context);
  await deliveries.send(delivery);
  return { channel, key: delivery.idempotencyKey };
}

function deliveryOf(
  channel: string,
  { data, idempotency_key, version, version_epoch }: Publication,
  { traceparent, madeAt, id }: RequestContext,
): Delivery {
  return {
    v: 1,
    type: 'publication',
    channel,
    data,
    idempotencyKey: idempotency_key ?? (id === undefined ? randomUUID() : keyOf(id)),
    source: GATEWAY_SERVICE,
    publishedAt: madeAt,
    traceparent: childTraceparent(traceparent),
    // As in Centrifugo, no version is 0.
    ...(version ? { version } : {}),
    ...(version && version_epoch !== undefined ? { versionEpoch: version_epoch } : {}),
  };
}

/** Fits into a key, whatever the id is. */
function keyOf(id: string): string {
  return `request:${createHash('sha256').update(id).digest('base64url')}`;
}

/** Positions of what couriers take in time. Never rejects: what is on the queue is accepted, whoever can tell where it stands. */
async function awaitPositions(
  { logs, clock, log }: Parts,
  sent: readonly Sent[],
): Promise<ReadonlyMap<Sent, Position>> {
  const found = new Map<Sent, Position>();
  const endsAt = clock.now() + WAIT_MS;
  let waiting = sent;
  try {
    for (let looks = 0; waiting.length > 0; looks++) {
      await clock.sleep(pauseAfter(looks));
      await inParallel(waiting, LOOKS_AT_ONCE, async (item) => {
        const position = await logs.published(item.channel, item.key);
        if (position) found.set(item, position);
      });
      waiting = waiting.filter((item) => !found.has(item));
      if (clock.now() >= endsAt) break;
    }
  } catch (error) {
    log('warn', 'positions of publications not known', causeOf(error));
  }
  if (waiting.length > 0) log('info', 'publications accepted without a position', { count: waiting.length });
  return found;
}
