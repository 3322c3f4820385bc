import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createWriteStream } from 'node:fs';
import { HOPS, type Hop } from './hops';

/** A line of the log: a hop without what passed. */
export interface HopLine extends Pick<Hop, 'kind' | 'where' | 'at'> {
  /** Ids of the W3C traces that are in it. */
  readonly traces: readonly string[];
  /** The connection that an envelope is of. */
  readonly connection?: string;
}

const TRACES = /\b00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b/g;
const CONNECTION = /"client":"([^"]+)"/;

export function lineOf({ kind, where, at, text }: Hop): HopLine {
  const traces = [...new Set([...text.matchAll(TRACES)].map(([, trace = '']) => trace))];
  const [, connection] = (kind === 'event' && CONNECTION.exec(text)) || [];
  return { kind, where, at, traces, ...(connection !== undefined && { connection }) };
}

/** Writes a JSON line for each hop of every message. @returns what ends it, and resolves when all is written */
export function logHops(file: string): () => Promise<void> {
  const stream = createWriteStream(file);
  const write = (hop: unknown): void => void stream.write(`${JSON.stringify(lineOf(hop as Hop))}\n`);
  subscribe(HOPS, write);
  return () => {
    unsubscribe(HOPS, write);
    return new Promise((resolve) => stream.end(resolve));
  };
}
