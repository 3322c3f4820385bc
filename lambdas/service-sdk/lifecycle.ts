import * as v from 'valibot';
import { ENVELOPE_SOURCE } from '../contract/envelope';
import type { JsonValue } from '../contract/json';
import { LIFECYCLE_DETAIL_TYPE, type LifecycleEvent } from '../contract/lifecycle';
import { log } from '../contract/log';
import { newTraceparent } from '../contract/trace';
import type { LifecycleContext } from './contexts';
import { EventEffects } from './effects';
import { EnvelopeEventError } from './envelope-event';
import type { LifecycleHandlers } from './handlers';
import type { Platform } from './platform';
import { unawaited } from './runs';

const text = v.pipe(v.string(), v.nonEmpty());
const common = {
  v: v.literal(1),
  kind: v.literal('lifecycle'),
  id: text,
  at: v.number(),
  signature: v.looseObject({ kid: v.string(), value: v.string() }),
};
const ofChannel = { ...common, channel: text, namespace: v.string() };

// Loose objects: fields that a later gateway adds are signed too.
const lifecycleEvent = v.looseObject({
  source: v.literal(ENVELOPE_SOURCE),
  'detail-type': v.literal(LIFECYCLE_DETAIL_TYPE),
  'replay-name': v.exactOptional(v.string()),
  detail: v.variant('event', [
    v.looseObject({
      ...common,
      event: v.picklist(['connected', 'disconnected']),
      client: text,
      user: v.string(),
    }),
    v.looseObject({
      ...ofChannel,
      event: v.picklist(['subscribed', 'unsubscribed']),
      client: text,
      user: v.string(),
      info: v.looseObject({ user: v.string(), client: v.string() }),
    }),
    v.looseObject({ ...ofChannel, event: v.picklist(['occupied', 'vacated']), generation: v.number() }),
    v.looseObject({
      ...common,
      event: v.literal('undelivered'),
      user: text,
      data: v.custom<JsonValue>((value) => value !== undefined, 'any JSON'),
      from: text,
    }),
  ]),
});

/** Whether the event of an invocation says that it is one of the lifecycle. */
export function isLifecycle(event: unknown): boolean {
  return (
    typeof event === 'object' &&
    event !== null &&
    'detail-type' in event &&
    event['detail-type'] === LIFECYCLE_DETAIL_TYPE
  );
}

/** A lifecycle event that the gateway made, a replay only where those are taken; throws `EnvelopeEventError` for every other. */
export async function acceptedLifecycle(
  event: unknown,
  { publicKeys }: Platform,
  replays: boolean,
): Promise<{ readonly event: LifecycleEvent; readonly replayed: boolean }> {
  const parsed = v.safeParse(lifecycleEvent, event);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new EnvelopeEventError(
      `event.${v.getDotPath(issue) ?? ''}: expected ${issue.expected ?? 'a value'}, got something else`,
    );
  }
  const { detail, 'replay-name': replay } = parsed.output;
  const replayed = replay !== undefined;
  if (replayed && !replays) throw new EnvelopeEventError('replayed event: does not run');
  const verification = await publicKeys.verify(detail);
  if (verification !== 'valid') {
    throw new EnvelopeEventError(`signature: expected valid, got ${verification}`);
  }
  return { event: detail as LifecycleEvent, replayed };
}

type Handle = (context: LifecycleContext) => unknown;

/** Tells the handler; resolves for an event that the service has none for. */
export async function runLifecycle(
  { event, replayed }: { readonly event: LifecycleEvent; readonly replayed: boolean },
  handlers: LifecycleHandlers,
  platform: Platform,
): Promise<void> {
  const facts = { event: event.event, id: event.id };
  const handle = handlers[event.event]?.handle as Handle | undefined;
  if (handle === undefined) return log('warn', 'event dropped: the service has no handler for it', facts);
  const traceparent = newTraceparent();
  const root = `${event.id}:${platform.serviceName}`;
  const cameAt = replayed ? { cameAt: event.at } : {};
  const effects = new EventEffects({ root, traceparent, ...cameAt }, platform);
  const write: typeof log = (level, message, fields = {}) => log(level, message, { ...fields, ...facts });
  const context = { ...effects.functions(), traceparent, replayed, log: write };
  await unawaited(write, 'event dropped', async () =>
    handle({ ...context, event: event as LifecycleContext['event'] }),
  );
}
