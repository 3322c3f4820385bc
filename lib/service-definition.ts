import * as v from 'valibot';
import { USER_NAMESPACE } from '../lambdas/contract/channel';
import { CHANNEL_EVENTS, CONNECTION_EVENTS, USER_EVENTS } from '../lambdas/contract/lifecycle';
import {
  GATEWAY_SERVICE,
  METHOD_NAME,
  NAMESPACE_NAME,
  type NamespaceRules,
  RPC_METHOD,
  SERVICE_NAME,
} from '../lambdas/contract/registry';
import { wholeNumber } from './config-schema';
import type { RealtimeServiceProps } from './constructs/realtime-service';

/** What `lambdas/services/<name>/infra.ts` exports as its default: everything about the service beside its code. */
export type ServiceDefinition = Omit<RealtimeServiceProps, 'config' | 'serviceName' | 'entry'>;

/** A service: the folder `lambdas/services/<name>` and its definition. */
export interface Service extends ServiceDefinition {
  readonly name: string;
}

/** A service is defined wrongly, or in conflict with another. */
export class ServiceDefinitionError extends Error {
  override readonly name = 'ServiceDefinitionError';
  readonly service: string;

  constructor(service: string, problem: string) {
    super(`service ${service}: ${problem}`);
    this.service = service;
  }
}

const namespaceName = v.pipe(
  v.string(),
  v.regex(NAMESPACE_NAME, `expected a namespace name (${NAMESPACE_NAME.source})`),
);

const methodName = v.pipe(v.string(), v.regex(METHOD_NAME, `expected a method name (${METHOD_NAME.source})`));

const serviceName = v.pipe(
  v.string(),
  v.regex(SERVICE_NAME, `expected a service name (${SERVICE_NAME.source})`),
);

const definition = v.looseObject(
  {
    methods: v.array(methodName),
    namespaces: v.optional(v.record(namespaceName, v.looseObject({}))),
    publishers: v.optional(v.record(namespaceName, v.array(serviceName))),
    delivery: v.optional(v.picklist(['direct', 'queued', 'ordered'])),
    orderedMethods: v.optional(v.array(methodName)),
    maxConcurrency: v.optional(wholeNumber(2, 1000)),
    table: v.optional(v.boolean()),
    connections: v.optional(v.boolean()),
    receipts: v.optional(v.boolean()),
    lifecycle: v.optional(
      v.object({
        events: v.array(v.picklist([...CONNECTION_EVENTS, ...CHANNEL_EVENTS, ...USER_EVENTS])),
        namespaces: v.optional(v.array(namespaceName)),
      }),
    ),
    observes: v.optional(
      v.array(v.pipe(v.string(), v.regex(RPC_METHOD, `expected service.method (${RPC_METHOD.source})`))),
    ),
  },
  'expected an object with methods as the default export of infra.ts',
);

/**
 * Checks a name and a default export. The compiler checks rules and overrides; what is checked here is what ends up in
 * keys and parameter names.
 * @throws ServiceDefinitionError naming everything that is wrong
 */
export function assertServiceDefinition(
  name: string,
  exported: unknown,
): asserts exported is ServiceDefinition {
  if (!SERVICE_NAME.test(name)) {
    throw new ServiceDefinitionError(name, `expected a name that matches ${SERVICE_NAME.source}`);
  }
  if (name === GATEWAY_SERVICE) {
    throw new ServiceDefinitionError(name, 'expected a name that no other service has');
  }
  const parsed = v.safeParse(definition, exported);
  if (!parsed.success) {
    const problems = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'definition'}: ${issue.message}`);
    throw new ServiceDefinitionError(name, problems.join('; '));
  }
  if (parsed.output.namespaces?.[USER_NAMESPACE] !== undefined)
    refuseNamespace(name, USER_NAMESPACE, GATEWAY_SERVICE);
}

function refuseNamespace(name: string, namespace: string, owner: string): never {
  throw new ServiceDefinitionError(name, `namespace ${namespace}: expected no other owner, got ${owner}`);
}

/**
 * Refuses services that would answer for the same thing: a name or a namespace has one owner.
 * @throws ServiceDefinitionError for the first conflict
 */
export function checkServices(
  services: readonly Service[],
  gatewayNamespaces: { readonly [namespace: string]: NamespaceRules },
): void {
  const names = new Set<string>();
  const owners = new Map(Object.keys(gatewayNamespaces).map((namespace) => [namespace, GATEWAY_SERVICE]));
  for (const service of services) {
    assertServiceDefinition(service.name, service);
    if (names.has(service.name)) {
      throw new ServiceDefinitionError(service.name, 'expected a name that no other service has');
    }
    names.add(service.name);
    for (const namespace of Object.keys(service.namespaces ?? {})) {
      const owner = owners.get(namespace);
      if (owner !== undefined) refuseNamespace(service.name, namespace, owner);
      owners.set(namespace, service.name);
    }
  }
}
