import { IDEMPOTENCY_WINDOW_SECONDS } from '../../../contract/delivery';
import { channelKeys, partitionKey } from '../keys';
import { type ScriptRunner, textList } from '../redis-script';
import type { Counter, Receipt, Receipts } from './receipts';
import { lookForKey } from './scripts/published';
import { hasMembers, noteTaken, readTaken } from './scripts/receipt';

/** Receipts in Redis, each in a hash of its own. */
export class RedisReceipts implements Receipts {
  readonly #scripts: ScriptRunner;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  async note(
    channel: string,
    { epoch, partition, token }: Counter,
    counts: ReadonlyMap<number, number>,
  ): Promise<void> {
    if (counts.size === 0) return;
    const { receipt } = channelKeys(channel);
    await this.#scripts.run(
      noteTaken,
      [...counts.keys()].map((offset) => receipt(epoch, offset)),
      [`${partition}:${token}`, IDEMPOTENCY_WINDOW_SECONDS, ...counts.values()],
    );
  }

  async of(channel: string, idempotencyKey: string): Promise<Receipt | undefined> {
    const keys = channelKeys(channel);
    const place = await this.#scripts.run(lookForKey, [keys.idempotency(idempotencyKey)], []);
    const [offset = '', epoch = ''] = textList(lookForKey, place);
    if (offset === '') return undefined;
    const key = keys.receipt(epoch, Number(offset));
    const [parts, ...fields] = textList(readTaken, await this.#scripts.run(readTaken, [keys.meta, key], []));
    const partitions = Array.from({ length: Number(parts) }, (_, partition) => partition);
    const noted = new Set<number>();
    let sockets = 0;
    for (let index = 0; index + 1 < fields.length; index += 2) {
      noted.add(Number.parseInt(fields[index] ?? '', 10));
      sockets += Number(fields[index + 1]);
    }
    const nobody = await this.#nobodyIn(channel, partitions);
    return { sockets, nobody, complete: nobody || partitions.every((partition) => noted.has(partition)) };
  }

  async #nobodyIn(channel: string, partitions: readonly number[]): Promise<boolean> {
    for (const partition of partitions) {
      if ((await this.#scripts.run(hasMembers, [partitionKey(channel, partition)], [])) === 1) return false;
    }
    return true;
  }
}
