import type { Centrifuge, StreamPosition } from 'centrifuge';
import type { Placed } from './sightings';

export interface ChannelLog {
  /** Epoch and the offset of the last publication. */
  readonly top: StreamPosition;
  readonly publications: readonly Placed[];
}

/** The whole of a channel's history, page by page, oldest first. */
export async function readLog(client: Centrifuge, channel: string): Promise<ChannelLog> {
  const publications: Placed[] = [];
  let since: StreamPosition | undefined;
  for (;;) {
    const page = await client.history(channel, { limit: 100, ...(since ? { since } : {}) });
    const { epoch, offset: top } = page;
    for (const { offset, data } of page.publications) {
      publications.push({ epoch, offset: offset ?? 0, data });
    }
    const last = page.publications.at(-1)?.offset;
    if (last === undefined || last === top) return { top: { epoch, offset: top }, publications };
    since = { epoch, offset: last };
  }
}
