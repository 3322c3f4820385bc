import type { Publication, SubscribeResult } from '../../../contract/frames';
import type { NamespaceRules } from '../../../contract/registry';
import { MAX_RECOVERED, MAX_RECOVERED_BYTES, type Place, publicationOf } from '../delivery/channels';
import type { Position } from '../protocol/commands';

/** Bytes that the replies of one connect or subscribe may still spend on recovery. */
export class RecoveryBudget {
  #left = MAX_RECOVERED_BYTES;

  /** False, and nothing is spent, where the bytes are more than what is left. */
  spend(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}

/** All that a client missed, or undefined where that cannot be told or is too much: recovered or nothing. */
function missed(
  position: Position,
  place: Place,
  budget: RecoveryBudget,
): readonly Publication[] | undefined {
  const { entries, epoch, top } = place;
  if (position.epoch !== '' && position.epoch !== epoch) return undefined;
  const count = top - position.offset;
  if (count < 0 || count > MAX_RECOVERED || entries.length !== count) return undefined;
  if (count > 0 && entries[0]?.offset !== position.offset + 1) return undefined;
  const bytes = entries.reduce((sum, { publication }) => sum + Buffer.byteLength(publication), 0);
  return budget.spend(bytes) ? entries.map(publicationOf) : undefined;
}

/** The result of a subscription that took its place; zero values are left out, as the protocol has it. */
export function subscribeResult(
  rules: NamespaceRules,
  place: Place,
  recover: Position | undefined,
  budget: RecoveryBudget,
): SubscribeResult {
  if (!rules.recover) return recover ? { was_recovering: true } : {};
  const publications = recover && missed(recover, place, budget);
  // A client that recovers counts on from its own position, through the publications of this reply.
  const offset = recover && publications ? recover.offset : place.top;
  return {
    recoverable: true,
    positioned: true,
    epoch: place.epoch,
    ...(offset > 0 ? { offset } : {}),
    ...(recover ? { was_recovering: true } : {}),
    ...(publications ? { recovered: true } : {}),
    ...(publications && publications.length > 0 ? { publications } : {}),
  };
}
