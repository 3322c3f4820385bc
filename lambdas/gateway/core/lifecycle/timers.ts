import { userChannel } from '../../../contract/channel';
import type { Connections } from '../connections/connection';
import type { Receipts } from '../delivery/receipts';
import { STALE_AFTER_MS } from '../delivery/refusals';
import { inParallel } from '../parallel';
import type {
  Clock,
  ConnectedWake,
  DepartedWake,
  LifecycleBus,
  LifecycleWake,
  ReceiptWake,
  TimerHandlers,
  Wake,
  WakeQueue,
} from '../ports';
import type { Attendance, Presence } from '../presence/presence';
import type { Roster } from '../presence/roster';
import { RECEIPT_MS } from './announce';
import { channelEvent, connectedEvent, disconnectedEvent, undeliveredEvent } from './events';

const LEAVES_AT_ONCE = 16;

export interface LifecycleParts {
  readonly connections: Pick<Connections, 'wasConnected'>;
  readonly presence: Presence;
  readonly roster: Roster;
  readonly receipts: Pick<Receipts, 'of'>;
  readonly lifecycleBus: LifecycleBus;
  readonly wakes: WakeQueue;
  readonly clock: Clock;
}

type Handlers = Required<Pick<TimerHandlers, 'departed' | 'lifecycle' | 'connected' | 'receipt'>>;

/** What couriers do once clients have left, and about events for the bus. A message that fails comes again and does no harm. */
export function lifecycleTimers(parts: LifecycleParts): Handlers {
  return {
    departed: (wake) => depart(parts, wake),
    lifecycle: (wake) => tellOf(parts, wake),
    connected: (wake) => tellOfConnection(parts, wake),
    receipt: (wake) => tellOfUndelivered(parts, wake),
  };
}

async function depart(parts: LifecycleParts, { subscriptions, closed }: DepartedWake): Promise<void> {
  const channels = await inParallel(subscriptions, LEAVES_AT_ONCE, async (ended) => {
    const { events } = await parts.roster.leaveNow(ended);
    return events || ended.lifecycle ? [ended.channel] : [];
  });
  for (const channel of new Set(channels.flat())) await putEvents(parts, channel);
  if (closed) await parts.lifecycleBus.put([disconnectedEvent(closed)]);
}

async function tellOf(parts: LifecycleParts, wake: LifecycleWake): Promise<void> {
  const { channel, of, until } = wake;
  const begun = await putEvents(parts, channel, of);
  if (!begun && of !== undefined) await lookLater(parts, wake, until);
}

async function tellOfConnection(parts: LifecycleParts, wake: ConnectedWake): Promise<void> {
  const { connections, lifecycleBus } = parts;
  if (await connections.wasConnected(wake.connection)) await lifecycleBus.put([connectedEvent(wake)]);
  else await lookLater(parts, wake, wake.until);
}

/** Who is not there is told of at once; who may yet take it gets its time. */
async function tellOfUndelivered(parts: LifecycleParts, wake: ReceiptWake): Promise<void> {
  const { receipts, lifecycleBus, clock } = parts;
  const channel = userChannel(wake.user);
  const receipt = channel === undefined ? undefined : await receipts.of(channel, wake.key);
  if (receipt && receipt.sockets > 0) return;
  if (!receipt?.nobody && wake.until > clock.now()) return lookLater(parts, wake, wake.until);
  // A replay whose key is forgotten was not published again, and what became of it was told when it came first.
  if (receipt === undefined && wake.until - RECEIPT_MS - wake.at > STALE_AFTER_MS) return;
  await lifecycleBus.put([undeliveredEvent(wake)]);
}

/** What was announced and is not there yet is looked for once more: then it is, or never will be. */
async function lookLater({ wakes, clock }: LifecycleParts, wake: Wake, until: number): Promise<void> {
  const left = until - clock.now();
  if (left > 0) await wakes.send(wake, Math.ceil(left / 1000));
}

/** Puts a channel's events on the bus, then forgets them. Answers whether the subscription that was asked for has begun. */
async function putEvents(
  { presence, lifecycleBus }: LifecycleParts,
  channel: string,
  of?: Attendance,
): Promise<boolean> {
  let begun = false;
  for (;;) {
    const { events, more, present } = await presence.pendingEvents(channel, of);
    begun ||= present || events.some(({ of: other }) => other !== undefined && other.nonce === of?.nonce);
    const told = events.flatMap((event) => channelEvent(channel, event) ?? []);
    if (told.length > 0) await lifecycleBus.put(told);
    await presence.forgetEvents(
      channel,
      events.map(({ id }) => id),
    );
    if (!more) return begun;
  }
}
