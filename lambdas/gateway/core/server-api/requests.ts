import * as v from 'valibot';
import {
  anyJson,
  channel,
  channels,
  client,
  integer,
  jsonObject,
  maybeText,
  position,
  text,
  user,
} from './fields';

/** The requests of the server API, in the shapes of Centrifugo's. */

const publication = {
  data: anyJson,
  idempotency_key: v.exactOptional(text(128)),
  version: v.exactOptional(integer(0)),
  version_epoch: v.exactOptional(maybeText(128)),
  // A hint how to send, not what: whole publications are right for everybody.
  delta: v.exactOptional(v.boolean()),
};

/** Codes that clients know what to do about: they come back (3000-3499, 4000-4499) or stay away. */
const disconnect = v.strictObject({ code: integer(3000, 4999), reason: v.exactOptional(maybeText(123), '') });

/** Protocol errors are below 400, an application's own from there on. */
const error = v.strictObject({
  code: integer(100, 1999),
  message: v.exactOptional(maybeText(255), ''),
  temporary: v.exactOptional(v.boolean()),
});

export const REQUESTS = {
  publish: v.strictObject({ channel, ...publication }),
  broadcast: v.strictObject({ channels, ...publication }),
  subscribe: v.strictObject({
    user,
    channel,
    client: v.exactOptional(client),
    info: v.exactOptional(jsonObject),
    data: v.exactOptional(anyJson),
  }),
  unsubscribe: v.strictObject({ user, channel, client: v.exactOptional(client) }),
  disconnect: v.strictObject({
    user,
    client: v.exactOptional(client),
    whitelist: v.exactOptional(v.pipe(v.array(client), v.maxLength(1_000, 'at most 1000 clients'))),
    disconnect: v.exactOptional(disconnect),
  }),
  presence: v.strictObject({ channel }),
  presence_stats: v.strictObject({ channel }),
  history: v.strictObject({
    channel,
    limit: v.exactOptional(v.pipe(v.number(), v.integer('an integer')), 0),
    since: v.exactOptional(position),
    reverse: v.exactOptional(v.boolean(), false),
  }),
  history_remove: v.strictObject({ channel }),
  info: v.strictObject({}),
  reply: v.pipe(
    v.strictObject({
      client,
      id: integer(1, 2 ** 32 - 1),
      result: v.exactOptional(anyJson),
      error: v.exactOptional(error),
    }),
    v.check(
      ({ result, error: failure }) => (result === undefined) !== (failure === undefined),
      'either result or error',
    ),
  ),
  delivered: v.strictObject({ user, idempotency_key: text(128) }),
  revoke: v.strictObject({ user, issued_before: v.exactOptional(integer(0)) }),
} as const;

export type Method = keyof typeof REQUESTS;
export type Request<Name extends Method = Method> = v.InferOutput<(typeof REQUESTS)[Name]>;

export const METHODS = Object.keys(REQUESTS) as readonly Method[];

export function isMethod(name: string): name is Method {
  return Object.hasOwn(REQUESTS, name);
}

const BINARY = 'payloads are JSON';
const SESSION = 'connections have no session beside their client id';
const EVERY_SUBSCRIPTION = 'rules come from the namespace';

/** What Centrifugo takes and Holdfast does not, and why. Refused where it says anything, ignored where it is empty. */
export const NOT_AVAILABLE: { readonly [name in Method]?: { readonly [field: string]: string } } = {
  publish: {
    skip_history: 'every publication is in the log of its channel',
    tags: 'publications have no tags',
    b64data: BINARY,
  },
  broadcast: {
    skip_history: 'every publication is in the log of its channel',
    tags: 'publications have no tags',
    b64data: BINARY,
  },
  subscribe: {
    session: SESSION,
    b64info: BINARY,
    b64data: BINARY,
    recover_since: 'clients get what they missed when they connect',
    expire_at: 'such subscriptions end by unsubscribe or with the connection',
    override: EVERY_SUBSCRIPTION,
  },
  unsubscribe: { session: SESSION },
  disconnect: { session: SESSION },
};
