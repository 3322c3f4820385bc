import { isJsonObject, type JsonObject } from '../../lambdas/contract/json';
import type { Output } from './output';
import type { ReadyFacts } from './report';
import type { LocalState } from './state-file';
import type { Streams } from './text-output';

/** One JSON object per line, with `time` (ISO 8601) and `kind`. */
export class JsonOutput implements Output {
  readonly #streams: Streams;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  say(message: string): void {
    this.#write('info', { message: message.trim() });
  }

  phase(name: string, seconds: number, outcome?: string): void {
    this.#write('phase', { name, seconds, ...(outcome === undefined ? {} : { outcome }) });
  }

  /** `record` where the function printed a JSON object, else `line`. */
  output(functionName: string, line: string): void {
    const record = recordIn(line);
    this.#write('output', { function: functionName, ...(record === undefined ? { line } : { record }) });
  }

  warn(source: string, message: string): void {
    this.#write('warning', { source, message });
  }

  /** No keys and passwords: those are in `local.json`, which only its owner reads. */
  ready(state: LocalState, { seconds, directory, redis }: ReadyFacts): void {
    const { pid, websocketUrl, callbackUrl, serverApiUrl, webUrl, awsEndpointUrl, region, account } = state;
    const urls = { websocketUrl, callbackUrl, serverApiUrl, webUrl, awsEndpointUrl };
    this.#write('ready', { seconds, directory, pid, ...urls, region, account, redis });
  }

  failed(message: string): void {
    this.#streams.error(lineOf('failed', { message }));
  }

  #write(kind: string, fields: object): void {
    this.#streams.out(lineOf(kind, fields));
  }
}

function lineOf(kind: string, fields: object): string {
  return JSON.stringify({ time: new Date().toISOString(), kind, ...fields });
}

function recordIn(line: string): JsonObject | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(line);
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
