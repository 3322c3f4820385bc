import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { USER_NAMESPACE } from '../lambdas/contract/channel';
import { isJsonObject, type JsonObject } from '../lambdas/contract/json';
import { MAX_FLUSH_SECONDS, NAMESPACE_NAME, type NamespaceRules } from '../lambdas/contract/registry';

/** What an environment consists of, checked. Made by `loadConfig`, read by the stacks, never by a function. */
export interface HoldfastConfig {
  /** Ends in stack names, stage names, SSM names and the cache user's id. */
  readonly environment: string;
  /** Namespaces that the gateway itself owns, beside those of the services. */
  readonly namespaces: { readonly [namespace: string]: NamespaceRules };
  /**
   * Whether the server subscribes each connection to the channel of its user (`user:#alice`). That makes every connect one
   * subscription dearer: six scripts in the cache, and no message.
   */
  readonly userChannel: boolean;
  readonly auth: {
    /** Origins that may open a WebSocket; `*` is any, and a handshake without `Origin` (no browser) always may. */
    readonly allowedOrigins: readonly string[];
  };
  readonly limits: {
    /** Seconds from an rpc's acceptance to its deadline. */
    readonly rpcTimeoutSeconds: number;
    /** Throttle of the WebSocket stage: frames and handshakes a second, and the bucket's size. */
    readonly framesPerSecond: number;
    readonly frameBurst: number;
    /**
     * Channels that one connection may subscribe to. SDK clients that subscribe to more need the class of `client/`, because
     * their connect frame would be larger than API Gateway takes.
     */
    readonly subscriptionsPerConnection: number;
  };
  readonly network: {
    /** How the functions in the VPC reach AWS: over IPv6 without an hourly price, or through a NAT gateway. */
    readonly egress: 'ipv6' | 'nat';
    /** Whether the VPC's flows are logged; billed per GB. */
    readonly flowLogs: boolean;
  };
  readonly account: {
    /** Whether this stack sets the region's role for API Gateway logs (`AWS::ApiGateway::Account`). */
    readonly apiGatewayLogRole: boolean;
  };
  /** What `cdk destroy` does to secrets, logs, archive and queues. */
  readonly removal: 'destroy' | 'retain';
}

/** One thing that is wrong in a configuration. */
export interface ConfigIssue {
  /** `namespaces.room.historySize`; empty for the whole. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

/** A configuration has wrong keys or values; the message lists all of them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly source: string;
  readonly issues: readonly ConfigIssue[];

  constructor(source: string, issues: readonly ConfigIssue[], options?: ErrorOptions) {
    const lines = issues.map(({ path, expected, got }) => {
      return `  ${path === '' ? '' : `${path}: `}expected ${expected}, got ${got}`;
    });
    super(`${source}:\n${lines.join('\n')}`, options);
    this.source = source;
    this.issues = issues;
  }
}

// Two dashes in a row or one at the end are no part of an ElastiCache user id; 15 characters leave room in function names.
const ENVIRONMENT_NAME = /^(?=.{1,15}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** An object and no list, which valibot takes for one. */
const anyObject = v.custom<JsonObject>(isJsonObject, 'an object');

const object = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    anyObject,
    v.objectWithRest(
      entries,
      v.never(() => `no key of this name (there are ${Object.keys(entries).join(', ')})`),
    ),
  );

const choice = <const Options extends readonly string[]>(options: Options) =>
  v.picklist(options, options.map((option) => JSON.stringify(option)).join(' or '));

const boolean = v.boolean('true or false');

function wholeNumber(minimum: number, maximum: number) {
  const expected = `a whole number from ${minimum} to ${maximum}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(minimum, expected),
    v.maxValue(maximum, expected),
  );
}

const ORIGIN = /^(\*|https?:\/\/[^/\s,]+)$/;
const ORIGIN_EXPECTED = '"*" or an origin like "https://app.example.com"';

const namespace = object({
  subscribe: v.optional(choice(['anyone', 'user-limited'])),
  publish: v.optional(choice(['direct', 'off'])),
  // A channel's log lives in one slot of the cache; 10,000 publications of 1 KB are 10 MB of it.
  historySize: v.optional(wholeNumber(0, 10_000)),
  historyTtlSeconds: v.optional(wholeNumber(1, 7 * 24 * 3600)),
  recover: v.optional(boolean),
  presence: v.optional(boolean),
  flushEverySeconds: v.optional(wholeNumber(0, MAX_FLUSH_SECONDS)),
});

const overlay = object({
  namespaces: v.optional(
    v.pipe(
      anyObject,
      v.record(
        v.pipe(v.string(), v.regex(NAMESPACE_NAME, `a namespace name (${NAMESPACE_NAME.source})`)),
        namespace,
      ),
    ),
  ),
  userChannel: v.optional(boolean),
  auth: v.optional(
    object({
      allowedOrigins: v.optional(
        v.pipe(
          v.array(v.pipe(v.string(ORIGIN_EXPECTED), v.regex(ORIGIN, ORIGIN_EXPECTED)), 'a list of origins'),
          v.nonEmpty('at least one origin'),
        ),
      ),
    }),
  ),
  limits: v.optional(
    object({
      // The bus keeps an rpc for 60 s at most, and nobody waits longer than that.
      rpcTimeoutSeconds: v.optional(wholeNumber(1, 60)),
      framesPerSecond: v.optional(wholeNumber(1, 10_000)),
      frameBurst: v.optional(wholeNumber(1, 5_000)),
      // One hash holds them and is read as a whole when the connection ends: 10,000 of 100 bytes are a megabyte of it.
      subscriptionsPerConnection: v.optional(wholeNumber(1, 10_000)),
    }),
  ),
  network: v.optional(object({ egress: v.optional(choice(['ipv6', 'nat'])), flowLogs: v.optional(boolean) })),
  account: v.optional(object({ apiGatewayLogRole: v.optional(boolean) })),
  removal: v.optional(choice(['destroy', 'retain'])),
});

type Overlay = v.InferOutput<typeof overlay>;

/** A namespace that the overlay adds starts closed and keeps nothing: what it opens, it says. */
const NEW_NAMESPACE: NamespaceRules = {
  subscribe: 'anyone',
  publish: 'off',
  historySize: 0,
  historyTtlSeconds: 3600,
  recover: false,
  presence: false,
  flushEverySeconds: 0,
};

function defaults(environment: string): HoldfastConfig {
  const production = environment === 'prod';
  return {
    environment,
    // Open on purpose: the first thing that a newcomer tries.
    namespaces: {
      room: {
        subscribe: 'anyone',
        publish: 'direct',
        historySize: 1000,
        historyTtlSeconds: 3600,
        recover: true,
        presence: true,
        flushEverySeconds: 0,
      },
      // What a user missed over a day comes back with the next connect, if it is not more than a recovery brings.
      [USER_NAMESPACE]: {
        subscribe: 'user-limited',
        publish: 'off',
        historySize: 100,
        historyTtlSeconds: 24 * 3600,
        recover: true,
        presence: false,
        flushEverySeconds: 0,
      },
    },
    userChannel: true,
    auth: { allowedOrigins: ['*'] },
    limits: {
      // SDKs give up on a command after 5 s.
      rpcTimeoutSeconds: 5,
      // A fifth of the account's 10,000 rps, which posts to connections share; the rest is theirs.
      framesPerSecond: 2000,
      frameBurst: 1000,
      // Centrifugo's default, and what surely fits into one frame of 32 KB at a reconnect.
      subscriptionsPerConnection: 128,
    },
    network: { egress: 'ipv6', flowLogs: production },
    // A fresh account has none and access logs need it; an account that has one keeps it by `false`.
    account: { apiGatewayLogRole: true },
    removal: production ? 'retain' : 'destroy',
  };
}

/** Text of a value for a message, cut where it is long. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function issueOf(issue: v.BaseIssue<unknown>): ConfigIssue {
  return { path: v.getDotPath(issue) ?? '', expected: issue.message, got: show(issue.input) };
}

function readOverlay(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(file, [{ path: '', expected: 'a readable file', got: String(cause) }], { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(file, [{ path: '', expected: 'JSON', got: String(cause) }], { cause });
  }
}

/** Copies the keys that are set over those of the base. */
function over<Base extends object>(base: Base, more: object | undefined): Base {
  const set = Object.entries(more ?? {}).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(set) };
}

function merge(base: HoldfastConfig, more: Overlay): HoldfastConfig {
  const namespaces: Record<string, NamespaceRules> = { ...base.namespaces };
  for (const [name, rules] of Object.entries(more.namespaces ?? {})) {
    namespaces[name] = over(namespaces[name] ?? NEW_NAMESPACE, rules);
  }
  return {
    environment: base.environment,
    namespaces,
    userChannel: more.userChannel ?? base.userChannel,
    auth: over(base.auth, more.auth),
    limits: over(base.limits, more.limits),
    network: over(base.network, more.network),
    account: over(base.account, more.account),
    removal: more.removal ?? base.removal,
  };
}

/** What no single key can tell. */
function contradictions(config: HoldfastConfig): ConfigIssue[] {
  const unkept = Object.entries(config.namespaces)
    .filter(([, rules]) => rules.recover && rules.historySize === 0)
    .map(([name]) => ({
      path: `namespaces.${name}.historySize`,
      expected: 'at least 1, since recover is true',
      got: '0',
    }));
  const opened =
    config.namespaces[USER_NAMESPACE]?.subscribe === 'user-limited'
      ? []
      : [
          {
            path: `namespaces.${USER_NAMESPACE}.subscribe`,
            expected: '"user-limited", since its channels are those of single users',
            got: '"anyone"',
          },
        ];
  return [...unkept, ...opened];
}

/** Lays an overlay of unknown shape over the defaults of an environment. */
export function makeConfig(environment: string, given: unknown, source = 'configuration'): HoldfastConfig {
  if (!ENVIRONMENT_NAME.test(environment)) {
    const expected = '1 to 15 characters: lower case letters, digits and single dashes, a letter first';
    throw new ConfigError(source, [{ path: 'environment', expected, got: show(environment) }]);
  }
  const parsed = v.safeParse(overlay, given);
  if (!parsed.success) throw new ConfigError(source, parsed.issues.map(issueOf));
  const config = merge(defaults(environment), parsed.output);
  const issues = contradictions(config);
  if (issues.length > 0) throw new ConfigError(source, issues);
  return config;
}

/**
 * The configuration of an environment: defaults, and over them the JSON object of a file if there is one.
 * @throws ConfigError naming every wrong key and value
 */
export function loadConfig(options: {
  readonly environment: string;
  readonly overlayFile?: string;
}): HoldfastConfig {
  const { environment, overlayFile } = options;
  return overlayFile === undefined
    ? makeConfig(environment, {})
    : makeConfig(environment, readOverlay(overlayFile), overlayFile);
}
