import type { Member } from './partitions';
import type { Plan } from './plan';

/** Members as a commit leaves them. */
export function merge(
  members: readonly Member[],
  changes: readonly Member[],
  removals: readonly Member[],
): readonly Member[] {
  const changed = new Map(changes.map((member) => [member.connection, member]));
  const removed = new Set(removals.map(({ connection }) => connection));
  return members
    .filter(({ connection }) => !removed.has(connection))
    .map((member) => changed.get(member.connection) ?? member);
}

/** Whether a member has something to get at once: in the next round. */
export function isDue(member: Member, plan: Plan, now: number): boolean {
  if (member.state === 'active') return typeof member.moves === 'number' && member.moves < (plan.moves ?? 0);
  if (member.until > now) return false;
  if (member.state === 'behind') return (member.offset ?? 0) <= plan.cursor;
  return member.state === 'unsubscribing' || member.state === 'closing';
}

/** When the first member has to be looked at again, whatever else happens; epoch ms. */
export function nextTimer(members: readonly Member[], cursor: number, now: number): number | undefined {
  let first: number | undefined;
  for (const { state, offset, until } of members) {
    // A pending member that has missed nothing needs no timer: the next drain finds it.
    if (state === 'active' || until <= now || (state === 'pending' && (offset ?? 0) >= cursor)) continue;
    if (first === undefined || until < first) first = until;
  }
  return first;
}
