import type { Membership } from './connection';

/** What a subscription has beside its publications. */
export interface SubscriptionTraits {
  /** Made by the server: its client cannot renew it, so it is never told 2500. */
  readonly serverSide: boolean;
  /** Its client stands in the channel's presence. */
  readonly presence: boolean;
  /** Its client is told who joins and leaves. */
  readonly joinLeave: boolean;
  /** Its begin and end are told on the bus. */
  readonly lifecycle: boolean;
  /** Epoch seconds at which its permission ends; 0: never. */
  readonly expiresAt: number;
  /** What its permission shows of the client to others of the channel, an object as JSON text. */
  readonly info?: string;
}

export const NO_TRAITS: SubscriptionTraits = {
  serverSide: false,
  presence: false,
  joinLeave: false,
  lifecycle: false,
  expiresAt: 0,
};

/** Subscriptions are fields beside the fixed ones of a connection's hash, so their names need a prefix. */
export const SUBSCRIPTION = 's:';

export const FLAGS = { serverSide: 's', presence: 'p', joinLeave: 'j', lifecycle: 'l' } as const;

/** The end of a settled or leaving record: `<flags>:<expires at, s>`, and `:<info>` where there is one. */
export function traitsText(traits: SubscriptionTraits): string {
  const flags = Object.entries(FLAGS)
    .filter(([trait]) => traits[trait as keyof typeof FLAGS])
    .map(([, flag]) => flag);
  return `${flags.join('')}:${traits.expiresAt}${traits.info ? `:${traits.info}` : ''}`;
}

function traitsOf(flags = '', expiresAt = '0', info = ''): SubscriptionTraits {
  return {
    serverSide: flags.includes(FLAGS.serverSide),
    presence: flags.includes(FLAGS.presence),
    joinLeave: flags.includes(FLAGS.joinLeave),
    lifecycle: flags.includes(FLAGS.lifecycle),
    expiresAt: Number(expiresAt),
    ...(info === '' ? {} : { info }),
  };
}

/** A subscription as a connection's hash has it. */
export interface SubscriptionRecord extends Membership {
  /** `held`: being made, `settled`, or `leaving`: an unsubscribe waits for a running drain. */
  readonly stage: 'held' | 'settled' | 'leaving';
  /** Offset from which a settled one counts. */
  readonly start: number | undefined;
}

/**
 * Reads the value of a subscription's field: `?:<nonce>:<until ms>` while it is being made, and `:<question>` (JSON) behind that
 * while a service is asked,
 * `<partition>:<nonce>:<start offset>:<traits>`, or `x:<partition>:<nonce>:<until ms>:<traits>` while it is being left
 * (`traitsText`); the partition of one that is left while it is being made is `?`. Undefined for other text.
 */
export function subscriptionRecord(channel: string, value: string): SubscriptionRecord | undefined {
  const leaving = value.startsWith('x:');
  const [partition = '', nonce, position, flags, expiresAt, ...info] = (
    leaving ? value.slice(2) : value
  ).split(':');
  if (nonce === undefined || position === undefined || !/^(\?|\d+)$/.test(partition)) return undefined;
  const held = partition === '?';
  const stage = leaving ? 'leaving' : held ? 'held' : 'settled';
  return {
    channel,
    partition: held ? undefined : Number(partition),
    nonce,
    // What stands behind a held one is no permission yet.
    traits: held ? NO_TRAITS : traitsOf(flags, expiresAt, info.join(':')),
    stage,
    start: stage === 'settled' ? Number(position) : undefined,
  };
}

/** All subscriptions among the fields and values of a connection's hash. */
export function subscriptionRecords(fields: readonly string[]): readonly SubscriptionRecord[] {
  const records: SubscriptionRecord[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const field = fields[index] ?? '';
    if (!field.startsWith(SUBSCRIPTION)) continue;
    const record = subscriptionRecord(field.slice(SUBSCRIPTION.length), fields[index + 1] ?? '');
    if (record) records.push(record);
  }
  return records;
}
