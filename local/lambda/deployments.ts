import type { FunctionRegistry } from './function-registry';
import type { SandboxPool } from './sandbox-pool';

/** Gives functions other code while they run. */
export class Deployments {
  readonly #registry: FunctionRegistry;
  readonly #pool: Pick<SandboxPool, 'warm' | 'retire'>;
  /** By function: one deployment after the other. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(registry: FunctionRegistry, pool: Pick<SandboxPool, 'warm' | 'retire'>) {
    this.#registry = registry;
    this.#pool = pool;
  }

  /**
   * As a deployment does it: `$LATEST`, a version of it, and the aliases that were on the newest one. A sandbox of the new code is
   * warm before it is used; sandboxes of the former code end after what they do.
   * @param codeDir the present one again for a deployment that changes nothing
   * @returns the number of the version
   */
  deploy(nameOrArn: string, codeDir?: string): Promise<string> {
    const { name } = this.#registry.find(nameOrArn);
    const before = this.#last.get(name) ?? Promise.resolve();
    const deployed = before.then(() => this.#deploy(name, codeDir));
    this.#last.set(
      name,
      deployed.catch(() => undefined),
    );
    return deployed;
  }

  async #deploy(name: string, codeDir: string | undefined): Promise<string> {
    const registry = this.#registry;
    const { versions, aliases } = registry.find(name);
    const newest = String(Math.max(0, ...[...versions.keys()].map(Number).filter(Number.isFinite)));
    const moving = [...aliases].flatMap(([alias, at]) => (at === newest ? [alias] : []));
    const latest = registry.draft(name, codeDir === undefined ? {} : { codeDir });
    // Who invokes it without an alias gets `$LATEST`.
    if (moving.length === 0) await this.#pool.warm(latest);
    const former = [versions.get(newest), registry.install(name, latest)];
    const version = registry.publish(name);
    if (moving.length > 0) await this.#pool.warm(registry.resolve(name, version).version);
    for (const alias of moving) registry.setAlias(name, alias, version);
    for (const retired of former) if (retired !== undefined) this.#pool.retire(retired);
    return version;
  }
}
