import { DISCONNECTS, type Disconnect } from '../../../contract/codes';
import { type LivenessRules, PLANNED_SPREAD } from '../../../contract/liveness-rules';
import type { ConnectionView } from '../connections/connection';
import type { SubscriptionRecord } from '../connections/subscription-record';
import { spread } from './due-set';

/** A client renews its token when it ends; this long it may take to do so (Centrifugo's default). */
export const EXPIRY_GRACE_MS = 25_000;

/**
 * What a look at a connection's state comes to. `end`: it is to be closed. `wait`: nothing is to be done before `at` (epoch
 * ms). `live`: subscriptions whose permission is over end, and it has to be posted to unless it was a while ago; after that
 * nothing is to be done before `at`.
 */
export type Prognosis =
  | { readonly result: 'end'; readonly disconnect: Disconnect }
  | { readonly result: 'wait'; readonly at: number }
  | { readonly result: 'live'; readonly at: number; readonly expired: readonly SubscriptionRecord[] };

/** The end of the grace after an expiry in epoch seconds, in epoch ms. */
export function graceEnd(expiresAt: number): number {
  return expiresAt === 0 ? Number.POSITIVE_INFINITY : expiresAt * 1000 + EXPIRY_GRACE_MS;
}

/** When a connection is asked to reconnect (epoch ms): the same name always has the same share of the spread. */
export function plannedReconnectAt(connection: string, openedAt: number, rules: LivenessRules): number {
  const share = (spread(connection) % 2001) / 1000 - 1;
  return openedAt + rules.plannedReconnectSeconds * 1000 * (1 + PLANNED_SPREAD * share);
}

function isExpired({ stage, traits }: SubscriptionRecord, now: number): boolean {
  return stage === 'settled' && now >= graceEnd(traits.expiresAt);
}

/** Decides about a connection by what is stored of it; pure. */
export function prognosisOf(
  connection: string,
  view: ConnectionView,
  rules: LivenessRules,
  now: number,
): Prognosis {
  // Its state was lost, or the close did not reach its socket: it would stay open and deaf.
  if (view.state === 'absent' || view.state === 'closed') return end(DISCONNECTS.insufficientState);
  if (view.state === 'pending') {
    const at = view.openedAt + rules.pendingSeconds * 1000;
    return now >= at ? end(DISCONNECTS.stale) : { result: 'wait', at };
  }
  const expiresAt = graceEnd(view.expiresAt);
  if (now >= expiresAt) return end(DISCONNECTS.expired);
  const plannedAt = plannedReconnectAt(connection, view.openedAt, rules);
  if (now >= plannedAt) return end(DISCONNECTS.shutdown);
  const living = view.subscriptions.filter((subscription) => !isExpired(subscription, now));
  const ends = living.map(({ traits }) => graceEnd(traits.expiresAt));
  return {
    result: 'live',
    at: Math.min(expiresAt, plannedAt, ...ends),
    expired: view.subscriptions.filter((subscription) => isExpired(subscription, now)),
  };
}

function end(disconnect: Disconnect): Prognosis {
  return { result: 'end', disconnect };
}
