import { join } from 'node:path';
import { type BuildOptions, buildSync, type Metafile } from 'esbuild';
import { replaceFile } from './replace-file';

/** Folder of bundles, relative to the project's root. */
export const BUNDLES = join('build', 'functions');

/** Folder of a bundle, relative to the project's root. */
export function bundleDirectory(name: string): string {
  return join(BUNDLES, name);
}

/** What the function of a bundle is called. */
export function functionNameOf(environment: string, name: string): string {
  return `${environment}-holdfast-${name}`;
}

/**
 * Bundles functions, each to `index.js` in the folder of its name, and answers esbuild's account of what went into which.
 * May run several times at once; a process that reads meanwhile sees whole files.
 * @param entryPoints files by the names of their bundles
 * @param alias what takes the place of packages
 */
export function bundle(
  root: string,
  entryPoints: Readonly<Record<string, string>>,
  alias: Record<string, string> = {},
): Metafile {
  const result = buildSync({ ...optionsOf(root, entryPoints, alias), outdir: join(root, BUNDLES) });
  for (const file of result.outputFiles) replaceFile(file.path, file.text);
  return result.metafile;
}

export type BundlingOptions = ReturnType<typeof optionsOf>;

/** How every bundle is made, wherever it is put. */
export function optionsOf(
  root: string,
  entryPoints: Readonly<Record<string, string>>,
  alias: Record<string, string>,
) {
  return {
    entryPoints: Object.fromEntries(
      Object.entries(entryPoints).map(([name, entry]) => [`${name}/index`, entry]),
    ),
    absWorkingDir: root,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // What a package publishes as ES modules can be shaken: less than two thirds of an SDK client stay.
    mainFields: ['module', 'main'],
    legalComments: 'none',
    alias,
    metafile: true,
    write: false,
    logLevel: 'error',
  } satisfies BuildOptions;
}
