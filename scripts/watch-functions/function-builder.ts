import { join } from 'node:path';
import { type BuildContext, context, type Metafile } from 'esbuild';
import { BUNDLES, type BundlingOptions } from '../../lib/bundling/bundle';
import { replaceFile } from '../../lib/bundling/replace-file';
import { bundlingOf } from '../../lib/function-bundles';

/** A function's code cannot be bundled; the message says why, and where. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** Functions that somebody works on: what was read for them is kept, so that the next time takes a third. */
const MOST_CONTEXTS = 4;

type Context = BuildContext<Omit<BundlingOptions, 'logLevel'>>;

/** Bundles single functions as they are bundled for a deployment, again and again. */
export class FunctionBuilder {
  readonly #root: string;
  /** The one that was used last is the last. */
  readonly #contexts = new Map<string, Promise<Context>>();
  readonly #building = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Puts the code into `directory/index.js`.
   * @returns esbuild's account of what went into it
   * @throws BundleError
   */
  async build(name: string, directory: string): Promise<Metafile> {
    this.#building.add(name);
    try {
      const { outputFiles, metafile } = await (await this.#contextOf(name)).rebuild();
      replaceFile(join(directory, 'index.js'), outputFiles[0]?.text ?? '');
      return metafile;
    } catch (error) {
      throw new BundleError(error instanceof Error ? error.message : String(error), { cause: error });
    } finally {
      this.#building.delete(name);
      this.#forgetOldest();
    }
  }

  async dispose(): Promise<void> {
    const contexts = [...this.#contexts.values()];
    this.#contexts.clear();
    await Promise.all(contexts.map(async (made) => (await made).dispose()));
  }

  #contextOf(name: string): Promise<Context> {
    const made = this.#contexts.get(name) ?? this.#makeContext(name);
    this.#contexts.delete(name);
    this.#contexts.set(name, made);
    return made;
  }

  #forgetOldest(): void {
    for (const [name, made] of this.#contexts) {
      if (this.#contexts.size <= MOST_CONTEXTS) return;
      if (this.#building.has(name)) continue;
      this.#contexts.delete(name);
      void made.then((one) => one.dispose());
    }
  }

  #makeContext(name: string): Promise<Context> {
    const options = bundlingOf(this.#root, name);
    if (options === undefined) throw new BundleError('expected a handler.ts, got none');
    return context({ ...options, outdir: join(this.#root, BUNDLES), logLevel: 'silent' });
  }
}
