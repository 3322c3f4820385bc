import { randomBytes } from 'node:crypto';

/**
 * A channel's epoch: `<ms since 1970, base 36>.<random>`. Of two epochs of a channel the younger one is told from the older,
 * so that a log that was set back over the begin of its epoch is found out. Clients compare epochs as a whole only.
 * @param after an epoch that the new one has to be younger than, whatever the clocks say
 */
export function newEpoch(now: number, after?: string): string {
  const born = Math.max(now, after === undefined ? 0 : bornAt(after) + 1);
  return `${born.toString(36)}.${randomBytes(4).toString('base64url')}`;
}

function bornAt(epoch: string): number {
  const [time = ''] = epoch.split('.');
  return /^[0-9a-z]{1,10}$/.test(time) ? Number.parseInt(time, 36) : 0;
}
