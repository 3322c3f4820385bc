import { type FSWatcher, watch } from 'node:fs';

/** An editor writes in several steps. */
const SETTLE_MS = 20;

/** Calls once things in folders have changed. Folders, since editors put a new file in the place of the old one. */
export class FolderWatch {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #onChange: () => void;
  #settling: NodeJS.Timeout | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Folders that are watched already stay so. */
  add(folders: Iterable<string>): void {
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      const watcher = watch(folder, { persistent: false }, () => this.#changed());
      // A folder that is removed has nothing more to tell.
      watcher.on('error', () => this.#remove(folder));
      this.#watchers.set(folder, watcher);
    }
  }

  close(): void {
    clearTimeout(this.#settling);
    for (const folder of [...this.#watchers.keys()]) this.#remove(folder);
  }

  #remove(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #changed(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(this.#onChange, SETTLE_MS);
  }
}
