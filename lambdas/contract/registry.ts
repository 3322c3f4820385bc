import { MAX_PUBLICATION_BYTES } from './delivery';

/** Rules of a namespace: the part of a channel name before the first colon. */
export interface NamespaceRules {
  /**
   * Who may subscribe: `anyone` who is connected; only the users that the channel names after its last `#`, separated by
   * commas (`user-limited`: `user:#alice`, `dialog:1#alice,bob`); who brings a subscription token (`token`); or whom the owner
   * of the namespace lets in (`service`).
   */
  readonly subscribe: 'anyone' | 'user-limited' | 'token' | 'service';
  /** Whether connections without a user may subscribe, where the configuration allows such connections. */
  readonly anonymous: boolean;
  /**
   * Where a client's publish goes: `direct` into the channel, `service`: to the owner of the namespace, which decides; `off`:
   * refused (103).
   */
  readonly publish: 'direct' | 'service' | 'off';
  /** Most bytes of a client's publication. */
  readonly publicationBytes: number;
  /**
   * Who may ask for history: whom the rule for subscribing lets in without a token or a question (`permitted`; others must
   * have subscribed), or only who has subscribed (`subscribers`).
   */
  readonly history: 'permitted' | 'subscribers';
  /** Publications kept for recovery and history; 0 keeps none beyond what delivery needs. */
  readonly historySize: number;
  /** Seconds that publications are kept. */
  readonly historyTtlSeconds: number;
  /** Whether a client that comes back gets what it missed. */
  readonly recover: boolean;
  /** Whether members of a channel are listed. */
  readonly presence: boolean;
  /** Who may ask for presence; as `history`. */
  readonly presenceFor: 'permitted' | 'subscribers';
  /** Whether subscribers who want it are told who joins and leaves. Needs `presence`. */
  readonly joinLeave: boolean;
  /** Whether begin and end of subscriptions, and of a channel's use, are told on the bus. Needs `presence`. */
  readonly lifecycle: boolean;
  /**
   * Coalesces the publications of this time (whole seconds, 0 to 900) into one frame per subscriber; 0 posts each at once.
   * They are in the log, and readable as history, at once either way.
   */
  readonly flushEverySeconds: number;
}

/** A FIFO queue of a service. Publishes and messages go there, and calls of these methods. */
export interface OrderedRoute {
  readonly queueUrl: string;
  /** Without the service's prefix. */
  readonly methods: readonly string[];
}

/**
 * How a service makes itself known: the value of SSM parameter `/holdfast/<env>/services/<name>`, as JSON. The gateway
 * registers its own namespaces the same way under the reserved name `holdfast`.
 */
export interface ServiceRegistration {
  readonly v: 1;
  readonly service: string;
  /** Method names without the service's prefix: `say` for `echo.say`. */
  readonly methods: readonly string[];
  readonly namespaces: { readonly [namespace: string]: NamespaceRules };
  /** Which other services may publish to a namespace of this one. Absent: none. */
  readonly publishers?: { readonly [namespace: string]: readonly string[] };
  /** Where the gateway puts what has to be handled in the order of its connection, in the place of the bus. */
  readonly ordered?: OrderedRoute;
  /**
   * Unique id of the service's role (`AROA...`), by which couriers know who sent a delivery. Absent: what the service sends is not
   * checked.
   */
  readonly role?: string;
}

/**
 * What a namespace is unless it says otherwise: open to who is connected and asks, closed to publications of clients, keeping
 * nothing. Rules that a registration does not name have these values, so that one may be older than a rule.
 */
export const DEFAULT_RULES: NamespaceRules = {
  subscribe: 'anyone',
  anonymous: false,
  publish: 'off',
  publicationBytes: MAX_PUBLICATION_BYTES,
  history: 'permitted',
  historySize: 0,
  historyTtlSeconds: 3600,
  recover: false,
  presence: false,
  presenceFor: 'permitted',
  joinLeave: false,
  lifecycle: false,
  flushEverySeconds: 0,
};

/** Name under which the gateway registers itself; no service may take it. */
export const GATEWAY_SERVICE = 'holdfast';

/** What a service's name, a method's and a namespace's may be: they end in keys, ARNs and parameter names. */
export const SERVICE_NAME = /^[a-z][a-z0-9-]{0,29}$/;
export const METHOD_NAME = /^[a-z][a-zA-Z0-9]{0,63}$/;
/** Unique id of a role, as SQS shows it before the colon of `SenderId`. */
export const ROLE_ID = /^AROA[A-Z0-9]{12,60}$/;

/** A whole method, `service.method`, of the alphabets and lengths above. */
export const RPC_METHOD = /^[a-z][a-z0-9-]{0,29}\.[a-z][a-zA-Z0-9]{0,63}$/;
export const NAMESPACE_NAME = /^[a-z][a-z0-9_-]{0,29}$/;

/** Longest `flushEverySeconds`: what the queue of wakes delays a message at most. */
export const MAX_FLUSH_SECONDS = 900;
