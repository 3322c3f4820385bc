import { causeOf } from '../../../contract/log';
import { Cached } from '../cached';
import type { Clock, Log, Namespace, Registry, Routed, Routes, Senders } from '../ports';
import { joinRegistrations, parseRegistration, type RegistryView } from './registration';

/** A new service is known everywhere after this; each sandbox reads the registry once in that time. */
export const REGISTRY_TTL_MS = 60_000;

/** How often an unknown name may cause a read before that. */
const REFRESH_MS = 5_000;

export interface RegistryEntry {
  /** Service name: the last part of the parameter's name. */
  readonly name: string;
  readonly json: string;
}

/**
 * The registry, read through `fetchEntries`. Entries that are none are skipped with a log line; while reads fail, the last
 * good view is served, since services that are registered do not go away because a parameter store does.
 */
export class CachedRegistry implements Registry, Senders, Routes {
  readonly #view: Cached<RegistryView>;

  constructor(fetchEntries: () => Promise<readonly RegistryEntry[]>, clock: Clock, log: Log) {
    this.#view = new Cached({
      ttlMs: REGISTRY_TTL_MS,
      clock,
      fetch: async () => readEntries(await fetchEntries(), log),
      onStale: (error) => log('warn', 'registry not readable, the former one is used', causeOf(error)),
    });
  }

  async namespace(name: string): Promise<Namespace | undefined> {
    return (await this.#view.get()).namespaces.get(name);
  }

  async serviceOf(method: string): Promise<string | undefined> {
    return (await this.#view.get()).methods.get(method);
  }

  async serviceOfRole(role: string): Promise<string | undefined> {
    return (await this.#view.get()).roles.get(role);
  }

  async queueOf({ service, ...command }: Routed): Promise<string | undefined> {
    const route = (await this.#view.get()).ordered.get(service);
    if (route === undefined || command.kind === 'subscribe') return undefined;
    const isOrdered =
      command.kind !== 'rpc' || route.methods.some((method) => command.method === `${service}.${method}`);
    return isOrdered ? route.queueUrl : undefined;
  }

  async refresh(): Promise<void> {
    await this.#view.get(REFRESH_MS);
  }
}

function readEntries(entries: readonly RegistryEntry[], log: Log): RegistryView {
  const registrations = entries.flatMap(({ name, json }) => {
    const parsed = parseRegistration(name, json);
    if (typeof parsed !== 'string') return [parsed];
    log('warn', 'registration skipped', { service: name, reason: parsed });
    return [];
  });
  const { conflicts, ...view } = joinRegistrations(registrations);
  for (const namespace of conflicts) log('warn', 'namespace registered twice', { namespace });
  return view;
}
