import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { METAFILE } from '../../lib/function-bundles';
import { FolderWatch } from './folder-watch';
import { FunctionBuilder } from './function-builder';
import { BundleInputs, TEMPLATES } from './inputs';

export interface FunctionWatchOptions {
  /** Of the project whose bundles are watched. */
  readonly root: string;
  /** Where new code is put, a folder each time. */
  readonly directory: string;
  /** New code of a bundle is in the folder. */
  readonly built: (name: string, codeDirectory: string) => void;
  /** The code of a bundle could not be made. */
  readonly failed: (name: string, why: string) => void;
  /** Something was saved that templates are made of. */
  readonly outdated: () => void;
}

/**
 * Bundles functions anew whose files were saved, as for a deployment. What fails is tried again with the next file that is saved.
 */
export class FunctionWatch {
  readonly #options: FunctionWatchOptions;
  readonly #inputs: BundleInputs;
  readonly #builder: FunctionBuilder;
  readonly #watch = new FolderWatch(() => void this.#look());
  readonly #changed = new Set<string>();
  readonly #failed = new Set<string>();
  #working: Promise<void> | undefined;
  #count = 0;

  constructor(options: FunctionWatchOptions) {
    this.#options = options;
    this.#inputs = new BundleInputs(options.root);
    this.#builder = new FunctionBuilder(options.root);
  }

  /** After all bundles were made. */
  start(): void {
    const metafile: Metafile = JSON.parse(readFileSync(join(this.#options.root, METAFILE), 'utf8'));
    this.#inputs.add(metafile);
    this.#inputs.addTemplates(infraFiles(join(this.#options.root, 'lambdas', 'services')));
    this.#watch.add(this.#inputs.folders);
  }

  async close(): Promise<void> {
    this.#watch.close();
    await this.#working;
    await this.#builder.dispose();
  }

  async #look(): Promise<void> {
    this.#note();
    if (this.#working !== undefined || this.#changed.size === 0) return;
    this.#working = this.#buildAll();
    await this.#working;
    this.#working = undefined;
  }

  /** Also what is saved meanwhile. */
  async #buildAll(): Promise<void> {
    while (this.#changed.size > 0) {
      const names = new Set([...this.#changed, ...this.#failed]);
      this.#changed.clear();
      this.#failed.clear();
      await Promise.all([...names].map((name) => this.#build(name)));
      this.#note();
    }
  }

  #note(): void {
    for (const name of this.#inputs.changed()) {
      if (name === TEMPLATES) this.#options.outdated();
      else this.#changed.add(name);
    }
  }

  async #build(name: string): Promise<void> {
    const { directory, built, failed } = this.#options;
    this.#count += 1;
    const codeDirectory = join(directory, `${this.#count}-${name}`);
    try {
      this.#inputs.add(await this.#builder.build(name, codeDirectory));
      this.#watch.add(this.#inputs.folders);
      built(name, codeDirectory);
    } catch (error) {
      this.#failed.add(name);
      failed(name, error instanceof Error ? error.message : String(error));
    }
  }
}

/** What says how services are deployed. */
function infraFiles(services: string): readonly string[] {
  return readdirSync(services)
    .map((name) => join(services, name, 'infra.ts'))
    .filter((file) => existsSync(file));
}
