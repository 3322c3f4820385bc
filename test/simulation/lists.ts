import type { UnsignedLifecycleEvent } from '../../lambdas/contract/lifecycle';

/** What is wrong with the list of a channel and with what the bus was told of it, once everything is settled. */
export function listFaults(
  live: readonly string[],
  listed: readonly string[],
  events: readonly UnsignedLifecycleEvent[],
  channel: string,
): readonly string[] {
  const own = new Map<string, UnsignedLifecycleEvent>();
  for (const event of events) if ('channel' in event && event.channel === channel) own.set(event.id, event);
  return [
    ...differences(live, listed, 'listed'),
    ...differences(live, presentBy([...own.values()]), 'present by the events'),
    ...useFaults([...own.values()], listed.length > 0),
  ];
}

function differences(live: readonly string[], known: readonly string[], what: string): readonly string[] {
  return [
    ...live
      .filter((client) => !known.includes(client))
      .map((client) => `${client} is subscribed and not ${what}`),
    ...known
      .filter((client) => !live.includes(client))
      .map((client) => `${client} is ${what} and not subscribed`),
  ];
}

/** Clients whose subscriptions began more often than they ended. */
function presentBy(events: readonly UnsignedLifecycleEvent[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { event, ...rest } of events) {
    if (!('client' in rest)) continue;
    counts.set(rest.client, (counts.get(rest.client) ?? 0) + (event === 'subscribed' ? 1 : -1));
  }
  return [...counts].flatMap(([client, count]) => (count > 0 ? [client] : []));
}

/** A channel is occupied and vacated in turns, and how it is now is told by the last generation. */
function useFaults(events: readonly UnsignedLifecycleEvent[], isUsed: boolean): readonly string[] {
  const told = (kind: string) =>
    events.flatMap((event) => (event.event === kind && 'generation' in event ? [event.generation] : []));
  const [occupied, vacated] = [told('occupied'), told('vacated')];
  const last = Math.max(0, ...occupied);
  return [
    ...vacated.filter((one) => !occupied.includes(one)).map((one) => `vacated and never occupied: ${one}`),
    ...occupied.filter((one) => one < last && !vacated.includes(one)).map((one) => `never vacated: ${one}`),
    ...(isUsed === (last > 0 && !vacated.includes(last))
      ? []
      : [`is used: ${isUsed}, and the bus knows otherwise`]),
  ];
}
