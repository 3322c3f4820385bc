import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { bundle } from './bundle';

/** The file of a service's handler is not there. */
export class EntryNotFoundError extends Error {
  override readonly name = 'EntryNotFoundError';
  readonly path: string;

  constructor(path: string) {
    super(`entry: expected the file of a service's handler, got ${path}, which is none`);
    this.path = path;
  }
}

/**
 * Bundles the handler of a service that stands in a project of its own.
 * @param name of the bundle
 * @param entry path of its file, from the working directory
 * @throws EntryNotFoundError, and what esbuild says of a file that it cannot bundle
 */
export function bundleServiceEntry(name: string, entry: string, root = process.cwd()): void {
  const path = resolve(root, entry);
  if (!existsSync(path) || !statSync(path).isFile()) throw new EntryNotFoundError(path);
  bundle(root, { [name]: path });
}
