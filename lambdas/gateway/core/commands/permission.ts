import { PROTOCOL_ERRORS } from '../../../contract/codes';
import type { SubscribeResult } from '../../../contract/frames';
import type { JsonValue } from '../../../contract/json';
import type { NamespaceRules } from '../../../contract/registry';
import type { Membership, SubscriptionOptions } from '../connections/connection';
import type { Namespace } from '../ports';
import { type Refusal, refuse } from './answer';
import { expiryOf, isOver } from './expiry';
import { rulesOf } from './namespace';
import type { CommandParts } from './parts';
import type { Sender } from './sender';
import { judgeToken } from './subscription-token';

/** What lets somebody subscribe to a channel. */
export interface Permission {
  readonly rules: NamespaceRules;
  /** Epoch seconds at which the subscription ends unless it is renewed; 0: never. */
  readonly expiresAt: number;
  /** The client renews it by a token of its own, so it has to know the end. */
  readonly renewable: boolean;
  /** Shown to others of the channel, an object as JSON text. */
  readonly info?: string;
  /** For the client, in the reply. */
  readonly data?: JsonValue;
}

/** `ask`: the owner of the namespace decides. */
export type Permitted =
  | { readonly result: 'permitted'; readonly permission: Permission }
  | { readonly result: 'ask'; readonly owner: string }
  | Refusal;

/** What the reply of a subscription says of its permission. */
export function toldOf({ expiresAt, renewable, data }: Permission, now: number): Partial<SubscribeResult> {
  return { ...(renewable ? expiryOf(expiresAt, now) : {}), ...(data === undefined ? {} : { data }) };
}

/**
 * Whether a client may subscribe: by the rule of the namespace, or by a token where it brings one, which then has to be good.
 * Rejects where the registry, the keys or Redis fail.
 */
export async function permitSubscribe(
  parts: Pick<CommandParts, 'registry' | 'tokens' | 'users'>,
  sender: Pick<Sender, 'connection' | 'user'>,
  request: { readonly channel: string; readonly token: string },
): Promise<Permitted> {
  const found = await rulesOf(parts.registry, request.channel, sender.user);
  if ('result' in found) return found;
  const { rules } = found;
  if (request.token === '') return permittedByRule(rules);
  const verdict = await judgeToken(parts, sender, request);
  switch (verdict.result) {
    case 'expired':
      return refuse(
        PROTOCOL_ERRORS.tokenExpired,
        'token: expected one that is valid now, got an expired one',
      );
    case 'invalid':
      return refuse(PROTOCOL_ERRORS.permissionDenied, verdict.reason);
    case 'ok': {
      const { expiresAt, info, data } = verdict.grant;
      return permitted(rules, { info, data }, expiresAt, true);
    }
  }
}

function permittedByRule(rules: Namespace): Permitted {
  switch (rules.subscribe) {
    case 'anyone':
    case 'user-limited':
      return permitted(rules);
    case 'token':
      return refuse(PROTOCOL_ERRORS.permissionDenied, 'token: expected one for the channel, got none');
    case 'service':
      return rules.owner === undefined
        ? refuse(
            PROTOCOL_ERRORS.permissionDenied,
            'namespace: expected one of a service, got one of the gateway',
          )
        : { result: 'ask', owner: rules.owner };
  }
}

/** Whoever signs connection tokens may name channels in them, also those that need a token or a service's word otherwise. */
export async function permitServerSide(
  registry: CommandParts['registry'],
  user: string,
  channel: string,
  options: SubscriptionOptions | undefined,
): Promise<Exclude<Permitted, { readonly result: 'ask' }>> {
  const found = await rulesOf(registry, channel, user);
  return 'result' in found ? found : permitted(found.rules, options);
}

/** A permission without end, unless it is given one. */
export function permitted(
  rules: NamespaceRules,
  { info, data }: { readonly info?: string | undefined; readonly data?: JsonValue | undefined } = {},
  expiresAt = 0,
  renewable = false,
): Extract<Permitted, { readonly result: 'permitted' }> {
  return {
    result: 'permitted',
    permission: {
      rules,
      expiresAt,
      renewable,
      ...(info === undefined ? {} : { info }),
      ...(data === undefined ? {} : { data }),
    },
  };
}

/** Whom a namespace lets use a channel: see `NamespaceRules.history`. */
export type Audience = NamespaceRules['history'];

/**
 * Whether a client may use a channel without subscribing to it: `permitted` are those that the rule lets in without a token or a
 * question, and who has subscribed. `membership` is there where that decided. Rejects where the registry or Redis fails.
 */
export async function permitUse(
  { registry, connections, clock }: Pick<CommandParts, 'registry' | 'connections' | 'clock'>,
  { connection, user }: Pick<Sender, 'connection' | 'user'>,
  channel: string,
  audienceOf: (rules: NamespaceRules) => Audience,
): Promise<{ readonly rules: Namespace; readonly membership?: Membership } | Refusal> {
  const found = await rulesOf(registry, channel, user);
  if ('result' in found) return found;
  const { rules } = found;
  if (audienceOf(rules) === 'permitted' && permittedByRule(rules).result === 'permitted') return { rules };
  const membership = await connections.subscription(connection, channel);
  if (membership === undefined || isOver(membership.traits.expiresAt, clock.now())) {
    return refuse(PROTOCOL_ERRORS.permissionDenied, 'channel: expected an own subscription, got none');
  }
  return { rules, membership };
}
