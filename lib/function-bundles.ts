import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Metafile } from 'esbuild';
import { BUNDLES, type BundlingOptions, bundle, optionsOf } from './bundling/bundle';
import { replaceFile } from './bundling/replace-file';
import { copyValkeyCommands } from './bundling/valkey-commands';

/** A function's code as it is uploaded: one file `index.js` that exports `handler`. */
export interface FunctionBundle {
  /** `gateway-<function>` or `service-<name>`. */
  readonly name: string;
  readonly bytes: number;
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

/** Entry points below `folder`, by the names of their bundles. */
function entries(folder: string, prefix: string): Record<string, string> {
  return Object.fromEntries(
    handlerFolders(folder).map((name) => [`${prefix}-${name}`, join(folder, name, 'handler.ts')]),
  );
}

/** A function that is gone leaves no bundle behind. */
function removeOthers(outdir: string, names: readonly string[]): void {
  for (const name of existsSync(outdir) ? readdirSync(outdir) : []) {
    if (!names.includes(name)) rmSync(join(outdir, name), { recursive: true, force: true });
  }
}

/**
 * Bundles every function, to `build/functions/<name>/index.js`. May run several times at once; a process that reads
 * meanwhile sees whole files.
 */
export function bundleFunctions(root = process.cwd()): FunctionBundle[] {
  const gateway = bundle(root, gatewayEntries(root), leanModules(root));
  const services = bundle(root, serviceEntries(root));
  const metafile: Metafile = {
    inputs: { ...gateway.inputs, ...services.inputs },
    outputs: { ...gateway.outputs, ...services.outputs },
  };
  const bundles = sizes(metafile);
  removeOthers(
    join(root, BUNDLES),
    bundles.map(({ name }) => name),
  );
  replaceFile(join(root, METAFILE), JSON.stringify(metafile));
  return bundles;
}

/** What a function is bundled from; undefined where there is none of that name. */
export function bundlingOf(root: string, name: string): BundlingOptions | undefined {
  const services = serviceEntries(root);
  const entry = services[name] ?? gatewayEntries(root)[name];
  if (entry === undefined) return undefined;
  return optionsOf(root, { [name]: entry }, name in services ? {} : leanModules(root));
}

const gatewayEntries = (root: string) => entries(join(root, 'lambdas', 'gateway'), 'gateway');
const serviceEntries = (root: string) => entries(join(root, 'lambdas', 'services'), 'service');

/**
 * What takes the place of packages in the gateway's functions, since they load it at every cold start (docs/adr/010). Services
 * get what they import.
 */
function leanModules(root: string): Record<string, string> {
  return {
    '@iovalkey/commands': copyValkeyCommands(root),
    assert: join(__dirname, 'bundling', 'late-assert.cjs'),
    debug: join(__dirname, 'bundling', 'silent-debug.ts'),
  };
}

function sizes({ outputs }: Metafile): FunctionBundle[] {
  return Object.entries(outputs).map(([path, { bytes }]) => ({ name: basename(dirname(path)), bytes }));
}
