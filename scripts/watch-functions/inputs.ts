import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Metafile } from 'esbuild';

/** Files that templates are made of stand for a bundle of this name, which nobody makes. */
export const TEMPLATES = 'templates';

/** Which files went into which bundles, and how those files were when they were last looked at. */
export class BundleInputs {
  readonly #root: string;
  readonly #files = new Map<string, ReadonlySet<string>>();
  readonly #seen = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** After bundles were made, each in a folder of its name. Files of packages do not change while somebody works. */
  add({ outputs }: Pick<Metafile, 'outputs'>): void {
    for (const [output, { inputs }] of Object.entries(outputs)) {
      const own = Object.keys(inputs).filter((path) => !/(^|\/)node_modules\//.test(path));
      this.#set(
        basename(dirname(output)),
        own.map((path) => resolve(this.#root, path)),
      );
    }
  }

  /** Files of which templates are made beside the bundles. */
  addTemplates(files: readonly string[]): void {
    this.#set(TEMPLATES, files);
  }

  #set(bundle: string, files: readonly string[]): void {
    this.#files.set(bundle, new Set(files));
    for (const file of files) if (!this.#seen.has(file)) this.#seen.set(file, stateOf(file));
  }

  /** Folders that have one of the files. */
  get folders(): ReadonlySet<string> {
    return new Set([...this.#seen.keys()].map((file) => dirname(file)));
  }

  /** Bundles with a file that is another than at the last look. */
  changed(): readonly string[] {
    const changed = new Set<string>();
    for (const [file, former] of this.#seen) {
      const state = stateOf(file);
      if (state === former) continue;
      this.#seen.set(file, state);
      for (const [bundle, files] of this.#files) if (files.has(file)) changed.add(bundle);
    }
    return [...changed];
  }
}

function stateOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? 'gone' : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
}
