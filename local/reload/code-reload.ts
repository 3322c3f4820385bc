import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { functionNameOf } from '../../lib/bundling/bundle';
import { METAFILE } from '../../lib/function-bundles';
import { FolderWatch } from './folder-watch';
import { BundleError, FunctionBuilder } from './function-builder';
import { BundleInputs } from './inputs';

export interface CodeReloadOptions {
  /** Of the project whose bundles run. */
  readonly root: string;
  readonly environment: string;
  /** Where new code is put, a folder for each version. */
  readonly directory: string;
  /** Whether the stacks have the function: not every configuration has all. */
  readonly exists: (functionName: string) => boolean;
  /** Deploys code to a function; resolves with its version once new invocations go there. */
  readonly deploy: (functionName: string, codeDirectory: string) => Promise<string>;
  /** Tells the developer. */
  readonly say: (line: string) => void;
}

/**
 * Brings saved files to the functions that run: what they went into is bundled anew, as for a deployment, and deployed. A bundle that
 * cannot be made leaves the former code where it is, and is tried again with the next file that is saved.
 */
export class CodeReload {
  readonly #options: CodeReloadOptions;
  readonly #inputs: BundleInputs;
  readonly #builder: FunctionBuilder;
  readonly #watch = new FolderWatch(() => void this.#look());
  readonly #changed = new Set<string>();
  readonly #failed = new Set<string>();
  #working: Promise<void> | undefined;
  #count = 0;

  constructor(options: CodeReloadOptions) {
    this.#options = options;
    this.#inputs = new BundleInputs(options.root);
    this.#builder = new FunctionBuilder(options.root);
  }

  /** After the bundles were made that run. */
  start(): void {
    const metafile: Metafile = JSON.parse(readFileSync(join(this.#options.root, METAFILE), 'utf8'));
    this.#inputs.add(metafile);
    this.#watch.add(this.#inputs.folders);
  }

  /** Ends watching; what is being deployed is done then. */
  async close(): Promise<void> {
    this.#watch.close();
    await this.#working;
    await this.#builder.dispose();
  }

  async #look(): Promise<void> {
    for (const name of this.#inputs.changed()) this.#changed.add(name);
    if (this.#working !== undefined || this.#changed.size === 0) return;
    this.#working = this.#reloadAll();
    await this.#working;
    this.#working = undefined;
  }

  /** Also what is saved meanwhile. */
  async #reloadAll(): Promise<void> {
    while (this.#changed.size > 0) {
      const names = new Set([...this.#changed, ...this.#failed]);
      this.#changed.clear();
      this.#failed.clear();
      await Promise.all([...names].map((name) => this.#reload(name)));
      for (const name of this.#inputs.changed()) this.#changed.add(name);
    }
  }

  async #reload(name: string): Promise<void> {
    const { directory, environment, exists, deploy, say } = this.#options;
    const functionName = functionNameOf(environment, name);
    if (!exists(functionName)) return;
    const startedAt = performance.now();
    this.#count += 1;
    const codeDirectory = join(directory, `${this.#count}-${name}`);
    try {
      this.#inputs.add(await this.#builder.build(name, codeDirectory));
      this.#watch.add(this.#inputs.folders);
      const version = await deploy(functionName, codeDirectory);
      say(`reload     ${name}: version ${version} after ${Math.round(performance.now() - startedAt)} ms`);
    } catch (error) {
      this.#failed.add(name);
      const why = error instanceof Error ? error.message : String(error);
      const kept = error instanceof BundleError ? 'the former code stays' : 'not deployed';
      say(`reload     ${name}: ${kept}: ${why}`);
    }
  }
}
