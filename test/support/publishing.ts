import type { Centrifuge } from 'centrifuge';

/** Runs pieces of work 0 to count - 1, at most `width` at a time, begun in this order. */
export async function inParallel(
  count: number,
  width: number,
  work: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(width, count) }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

/** Publishes `{by, n}` with n from 1 to count, a few at a time; rejects where one is refused. */
export function publishMany(
  client: Centrifuge,
  channel: string,
  {
    by = 'publisher',
    count,
    width = 5,
  }: { readonly by?: string | undefined; readonly count: number; readonly width?: number },
): Promise<void> {
  return inParallel(count, width, (n) => client.publish(channel, { by, n: n + 1 }));
}

/** 1 to count, as offsets run. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
