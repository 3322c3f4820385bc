/** Rules of a namespace: the part of a channel name before the first colon. */
export interface NamespaceRules {
  /**
   * Who may subscribe, ask for history and publish directly: `anyone` who is connected, or only the users that the channel
   * names after its last `#`, separated by commas (`user-limited`): `user:#alice`, `dialog:1#alice,bob`.
   */
  readonly subscribe: 'anyone' | 'user-limited';
  /** Where a client's publish goes: `direct` into the channel, `off`: refused (103). */
  readonly publish: 'direct' | 'off';
  /** Publications kept for recovery and history; 0 keeps none beyond what delivery needs. */
  readonly historySize: number;
  /** Seconds that publications are kept. */
  readonly historyTtlSeconds: number;
  /** Whether a client that comes back gets what it missed. */
  readonly recover: boolean;
  /** Whether members of a channel are listed. */
  readonly presence: boolean;
  /**
   * Coalesces the publications of this time (whole seconds, 0 to 900) into one frame per subscriber; 0 posts each at once.
   * They are in the log, and readable as history, at once either way.
   */
  readonly flushEverySeconds: number;
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
}

/** Name under which the gateway registers itself; no service may take it. */
export const GATEWAY_SERVICE = 'holdfast';

/** What a service's name, a method's and a namespace's may be: they end in keys, ARNs and parameter names. */
export const SERVICE_NAME = /^[a-z][a-z0-9-]{0,29}$/;
export const METHOD_NAME = /^[a-z][a-zA-Z0-9]{0,63}$/;
export const NAMESPACE_NAME = /^[a-z][a-z0-9_-]{0,29}$/;

/** Longest `flushEverySeconds`: what the queue of wakes delays a message at most. */
export const MAX_FLUSH_SECONDS = 900;
