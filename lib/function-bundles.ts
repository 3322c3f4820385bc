import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync, type Metafile } from 'esbuild';

/** A function's code as it is uploaded: one file `index.js` that exports `handler`. */
export interface FunctionBundle {
  /** `gateway-<function>` or `service-<name>`. */
  readonly name: string;
  readonly bytes: number;
}

/** Folder of a bundle, relative to the project's root. */
export function bundleDirectory(name: string): string {
  return join('build', 'functions', name);
}

/** Where esbuild's account of what went into which bundle is kept, relative to the project's root. */
export const METAFILE = join('build', 'functions.json');

/** Folders below `directory` that hold a `handler.ts`, sorted. */
function handlerFolders(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => existsSync(join(directory, name, 'handler.ts')))
    .sort();
}

function entries(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [prefix, folder] of [
    ['gateway', join('lambdas', 'gateway')],
    ['service', join('lambdas', 'services')],
  ] as const) {
    for (const name of handlerFolders(join(root, folder))) {
      found[`${prefix}-${name}`] = join(root, folder, name, 'handler.ts');
    }
  }
  return found;
}

/** Readers see the old file or the new one, and an unchanged file keeps its time. */
function replaceFile(path: string, contents: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === contents) return;
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

/** A function that is gone leaves no bundle behind. */
function removeOthers(outdir: string, names: readonly string[]): void {
  for (const name of existsSync(outdir) ? readdirSync(outdir) : []) {
    if (!names.includes(name)) rmSync(join(outdir, name), { recursive: true, force: true });
  }
}

/**
 * Bundles every function in one pass, to `build/functions/<name>/index.js`. May run several times at once; a process
 * that reads meanwhile sees whole files.
 */
export function bundleFunctions(root = process.cwd()): FunctionBundle[] {
  const entryPoints = entries(root);
  const outdir = join(root, 'build', 'functions');
  const result = buildSync({
    entryPoints: Object.fromEntries(
      Object.entries(entryPoints).map(([name, entry]) => [`${name}/index`, entry]),
    ),
    outdir,
    absWorkingDir: root,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'error',
  });
  for (const name of Object.keys(entryPoints)) mkdirSync(join(outdir, name), { recursive: true });
  for (const file of result.outputFiles) replaceFile(file.path, file.text);
  removeOthers(outdir, Object.keys(entryPoints));
  replaceFile(join(root, METAFILE), JSON.stringify(result.metafile));
  return sizes(result.metafile, Object.keys(entryPoints));
}

function sizes(metafile: Metafile, names: readonly string[]): FunctionBundle[] {
  return names.map((name) => {
    const output = metafile.outputs[join('build', 'functions', name, 'index.js')];
    return { name, bytes: output?.bytes ?? 0 };
  });
}
