import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { USER_NAMESPACE } from '../lambdas/contract/channel';
import { MAX_PUBLICATION_BYTES } from '../lambdas/contract/delivery';
import {
  DEFAULT_RULES,
  MAX_FLUSH_SECONDS,
  NAMESPACE_NAME,
  type NamespaceRules,
  SERVICE_NAME,
} from '../lambdas/contract/registry';
import { AUTH_DEFAULTS, type AuthConfig, authContradictions, authOverlay } from './auth-config';
import { anyObject, boolean, choice, object, wholeNumber } from './config-schema';
import type { EnvironmentConfig } from './environment-config';
import { LIMITS_DEFAULTS, type LimitsConfig, limitsOverlay } from './limits-config';
import {
  LIVENESS_DEFAULTS,
  type LivenessConfig,
  livenessContradictions,
  livenessOverlay,
} from './liveness-config';

/** What an environment consists of, checked. Made by `loadConfig`, read by the stacks, never by a function. */
export interface HoldfastConfig extends EnvironmentConfig {
  /** Namespaces that the gateway itself owns, beside those of the services. */
  readonly namespaces: { readonly [namespace: string]: NamespaceRules };
  /**
   * Whether the server subscribes each connection to the channel of its user (`user:#alice`). That makes every connect one
   * subscription dearer: six scripts in the cache, and no message.
   */
  readonly userChannel: boolean;
  /** The service that takes what clients `send`. @default - nobody: such messages are dropped with a log line */
  readonly sendService?: string;
  /** Whether begins and ends of connections are told on the bus (`holdfast.lifecycle`). A message of the wakes queue for each. */
  readonly connectionEvents: boolean;
  readonly auth: AuthConfig;
  readonly limits: LimitsConfig;
  readonly liveness: LivenessConfig;
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

const SERVICE_EXPECTED = `a service's name (${SERVICE_NAME.source})`;

const namespace = object({
  subscribe: v.optional(choice(['anyone', 'user-limited', 'token', 'service'])),
  anonymous: v.optional(boolean),
  publish: v.optional(choice(['direct', 'service', 'off'])),
  publicationBytes: v.optional(wholeNumber(1, MAX_PUBLICATION_BYTES)),
  history: v.optional(choice(['permitted', 'subscribers'])),
  // A channel's log lives in one slot of the cache; 10,000 publications of 1 KB are 10 MB of it.
  historySize: v.optional(wholeNumber(0, 10_000)),
  historyTtlSeconds: v.optional(wholeNumber(1, 7 * 24 * 3600)),
  recover: v.optional(boolean),
  presence: v.optional(boolean),
  presenceFor: v.optional(choice(['permitted', 'subscribers'])),
  joinLeave: v.optional(boolean),
  lifecycle: v.optional(boolean),
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
  sendService: v.optional(v.pipe(v.string(SERVICE_EXPECTED), v.regex(SERVICE_NAME, SERVICE_EXPECTED))),
  connectionEvents: v.optional(boolean),
  auth: v.optional(authOverlay),
  limits: v.optional(limitsOverlay),
  liveness: v.optional(livenessOverlay),
  network: v.optional(object({ egress: v.optional(choice(['ipv6', 'nat'])), flowLogs: v.optional(boolean) })),
  account: v.optional(object({ apiGatewayLogRole: v.optional(boolean) })),
  removal: v.optional(choice(['destroy', 'retain'])),
});

type Overlay = v.InferOutput<typeof overlay>;

function defaults(environment: string): HoldfastConfig {
  const production = environment === 'prod';
  return {
    environment,
    // Open on purpose: the first thing that a newcomer tries.
    namespaces: {
      room: {
        ...DEFAULT_RULES,
        publish: 'direct',
        historySize: 1000,
        recover: true,
        presence: true,
        joinLeave: true,
      },
      // What a user missed over a day comes back with the next connect, if it is not more than a recovery brings.
      [USER_NAMESPACE]: {
        ...DEFAULT_RULES,
        subscribe: 'user-limited',
        historySize: 100,
        historyTtlSeconds: 24 * 3600,
        recover: true,
      },
    },
    userChannel: true,
    connectionEvents: false,
    auth: AUTH_DEFAULTS,
    limits: LIMITS_DEFAULTS,
    liveness: LIVENESS_DEFAULTS,
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
    namespaces[name] = over(namespaces[name] ?? DEFAULT_RULES, rules);
  }
  return {
    environment: base.environment,
    namespaces,
    userChannel: more.userChannel ?? base.userChannel,
    ...(more.sendService === undefined ? {} : { sendService: more.sendService }),
    connectionEvents: more.connectionEvents ?? base.connectionEvents,
    auth: over(base.auth, more.auth),
    limits: over(base.limits, more.limits),
    liveness: over(base.liveness, more.liveness),
    network: over(base.network, more.network),
    account: over(base.account, more.account),
    removal: more.removal ?? base.removal,
  };
}

/** Rules by which a service decides, for namespaces that none owns. */
function undecided({ namespaces }: HoldfastConfig): ConfigIssue[] {
  return Object.entries(namespaces).flatMap(([name, rules]) =>
    (['subscribe', 'publish'] as const)
      .filter((rule) => rules[rule] === 'service')
      .map((rule) => ({
        path: `namespaces.${name}.${rule}`,
        expected: 'another value, since no service owns the namespace',
        got: '"service"',
      })),
  );
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
            got: show(config.namespaces[USER_NAMESPACE]?.subscribe),
          },
        ];
  const unlisted = Object.entries(config.namespaces)
    .filter(([, rules]) => !rules.presence && (rules.joinLeave || rules.lifecycle))
    .map(([name, rules]) => ({
      path: `namespaces.${name}.presence`,
      expected: `true, since ${rules.joinLeave ? 'joinLeave' : 'lifecycle'} is`,
      got: 'false',
    }));
  return [
    ...undecided(config),
    ...unkept,
    ...opened,
    ...unlisted,
    ...authContradictions(config.auth),
    ...livenessContradictions(config.liveness),
  ];
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
