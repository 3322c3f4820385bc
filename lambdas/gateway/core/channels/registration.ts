import * as v from 'valibot';
import { USER_NAMESPACE } from '../../../contract/channel';
import { MAX_PUBLICATION_BYTES } from '../../../contract/delivery';
import {
  DEFAULT_RULES,
  GATEWAY_SERVICE,
  MAX_FLUSH_SECONDS,
  METHOD_NAME,
  NAMESPACE_NAME,
  type NamespaceRules,
  type OrderedRoute,
  ROLE_ID,
  SERVICE_NAME,
  type ServiceRegistration,
} from '../../../contract/registry';
import type { Namespace } from '../ports';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

// A service that was deployed before a rule existed does not name it.
const rules = v.object({
  subscribe: v.optional(v.picklist(['anyone', 'user-limited', 'token', 'service']), DEFAULT_RULES.subscribe),
  anonymous: v.optional(v.boolean(), DEFAULT_RULES.anonymous),
  publish: v.optional(v.picklist(['direct', 'service', 'off']), DEFAULT_RULES.publish),
  publicationBytes: v.optional(
    v.pipe(count, v.maxValue(MAX_PUBLICATION_BYTES)),
    DEFAULT_RULES.publicationBytes,
  ),
  history: v.optional(v.picklist(['permitted', 'subscribers']), DEFAULT_RULES.history),
  historySize: v.optional(count, DEFAULT_RULES.historySize),
  historyTtlSeconds: v.optional(count, DEFAULT_RULES.historyTtlSeconds),
  recover: v.optional(v.boolean(), DEFAULT_RULES.recover),
  presence: v.optional(v.boolean(), DEFAULT_RULES.presence),
  presenceFor: v.optional(v.picklist(['permitted', 'subscribers']), DEFAULT_RULES.presenceFor),
  joinLeave: v.optional(v.boolean(), DEFAULT_RULES.joinLeave),
  lifecycle: v.optional(v.boolean(), DEFAULT_RULES.lifecycle),
  flushEverySeconds: v.optional(
    v.pipe(count, v.maxValue(MAX_FLUSH_SECONDS)),
    DEFAULT_RULES.flushEverySeconds,
  ),
});

const registration = v.object({
  v: v.literal(1),
  service: v.pipe(v.string(), v.regex(SERVICE_NAME)),
  methods: v.array(v.pipe(v.string(), v.regex(METHOD_NAME))),
  namespaces: v.record(v.pipe(v.string(), v.regex(NAMESPACE_NAME)), rules),
  publishers: v.exactOptional(v.record(v.string(), v.array(v.pipe(v.string(), v.regex(SERVICE_NAME))))),
  ordered: v.exactOptional(
    v.object({
      queueUrl: v.pipe(v.string(), v.url()),
      methods: v.array(v.pipe(v.string(), v.regex(METHOD_NAME))),
    }),
  ),
  role: v.exactOptional(v.pipe(v.string(), v.regex(ROLE_ID))),
});

/** A registration, or what is wrong with it. `name` is the last part of the parameter that holds it. */
export function parseRegistration(name: string, json: string): ServiceRegistration | string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return 'expected JSON, got text that is none';
  }
  const parsed = v.safeParse(registration, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return `${v.getDotPath(issue) ?? 'value'}: expected ${issue.expected ?? 'another value'}, got ${issue.received}`;
  }
  if (parsed.output.service !== name) return `service: expected ${name}, got ${parsed.output.service}`;
  if (name === GATEWAY_SERVICE && parsed.output.methods.length > 0)
    return `methods: expected none of ${GATEWAY_SERVICE}, got some`;
  // Who owned it could publish to every user's channel, and open it to others.
  if (name !== GATEWAY_SERVICE && USER_NAMESPACE in parsed.output.namespaces)
    return `namespaces.${USER_NAMESPACE}: expected it of ${GATEWAY_SERVICE} only, got it`;
  return parsed.output;
}

/** All that is registered, by the names that commands use. */
export interface RegistryView {
  readonly namespaces: ReadonlyMap<string, Namespace>;
  /** `service.method` to service. */
  readonly methods: ReadonlyMap<string, string>;
  /** Unique id of a role to its service. */
  readonly roles: ReadonlyMap<string, string>;
  /** By service. */
  readonly ordered: ReadonlyMap<string, OrderedRoute>;
}

function owned(rules: NamespaceRules, service: string, publishers: readonly string[] | undefined): Namespace {
  if (service === GATEWAY_SERVICE) return rules;
  return { ...rules, owner: service, ...(publishers && { publishers }) };
}

/**
 * Joins registrations: the gateway's, then those of services by name. A namespace belongs to the first that names it; the
 * others are answered as conflicts, `namespace (service)`.
 */
export function joinRegistrations(registrations: readonly ServiceRegistration[]) {
  const namespaces = new Map<string, Namespace>();
  const methods = new Map<string, string>();
  const roles = new Map<string, string>();
  const ordered = new Map<string, OrderedRoute>();
  const conflicts: string[] = [];
  const rank = ({ service }: ServiceRegistration) => (service === GATEWAY_SERVICE ? '' : service);
  const inRank = [...registrations].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  for (const { service, methods: names, namespaces: own, publishers, role, ordered: route } of inRank) {
    if (route !== undefined) ordered.set(service, route);
    if (role !== undefined) roles.set(role, service);
    for (const name of names) methods.set(`${service}.${name}`, service);
    for (const [namespace, namespaceRules] of Object.entries(own)) {
      if (namespaces.has(namespace)) conflicts.push(`${namespace} (${service})`);
      else namespaces.set(namespace, owned(namespaceRules, service, publishers?.[namespace]));
    }
  }
  return { namespaces, methods, roles, ordered, conflicts };
}
