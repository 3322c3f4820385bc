import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What `npm start -- ...` was asked for. */
export interface StartOptions {
  /** First of four ports; taken blocks are passed over. 0: any that are free. */
  readonly basePort: number;
  /** Overlay of the typed configuration, absolute path. */
  readonly configFile?: string;
  /** Synthesized assemblies, in the order of their deployment; absolute paths. */
  readonly assemblies: readonly string[];
  /** Folders of CDK apps that run beside the platform, in the order of their deployment; absolute paths. */
  readonly apps: readonly string[];
  /** Folder of `local.json`, the assembly and Redis files; absolute path. */
  readonly directory: string;
  /** Whether what is printed is JSON. */
  readonly json: boolean;
  /** Parts of names of the functions whose output is printed; none: all. */
  readonly logs: readonly string[];
  /** Of the dice that decide whom faults strike. */
  readonly seed: number;
  /** How many times faster than the wall clock schedules and the limits of WebSocket connections go; 1 or more. */
  readonly timeScale: number;
  /** Invocations at a time of all functions. @default that of an AWS account */
  readonly concurrency?: number;
  /** Whether functions' logs get a `REPORT` line for each invocation. */
  readonly reports: boolean;
  /** Whether saved code of functions is deployed. */
  readonly watch: boolean;
  /** Where each hop of every message is logged; absolute path. */
  readonly hopsFile?: string;
}

/** The command line cannot be used; the message says what was expected and got. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const DEFAULT_PORT = 4000;

/** `rate(1 minute)` then runs every 60 ms and idle connections end after 600: less, and the machine's own delays would count. */
export const MAX_TIME_SCALE = 1000;

/** More than an account gets. */
const MAX_CONCURRENCY = 1_000_000;

export const USAGE = `Runs the synthesized templates on this machine.

  npm start -- [options]

  --port N       first of four ports: WebSocket and @connections, server API, web, AWS endpoint (default ${DEFAULT_PORT}); 0: any
  --config FILE  JSON that overlays the configuration of lib/config.ts for this run
  --app DIR      folder of a CDK app with services of its own, run beside the platform as deployed after it; may be repeated
  --assembly DIR synthesized assembly (cdk.out, environment local), in the place of the platform where it is the platform's; may be repeated
  --seed N       of the dice that decide whom faults strike (default 1)
  --dir DIR      folder for local.json, the assembly and Redis (default .holdfast)
  --time-scale N schedules, and the idle and life limits of WebSocket connections, go N times as fast (default 1)
  --concurrency N  invocations at a time of all functions, as of an account; the next is throttled (default 1000)
  --reports      a REPORT line for each invocation: duration, billed duration, memory, start
  --no-watch     saved files change nothing until the next start
  --hops FILE    logs when each message passes a gateway, function, bus or queue, by trace: where its time goes
  --logs NAME    prints only what functions with NAME in their names print, beside the runtime's own lines; may be repeated
  --json         prints one JSON object per line: {time, kind: info | phase | output | warning | ready | failed, ...}
  --help         this text

Ends with code 0 by Ctrl-C, SIGTERM or SIGHUP, 1 where it cannot start, 2 where these options cannot be used.
`;

/** Reads the arguments behind `npm start --`. Returns `help` where that was asked for; throws UsageError. */
export function readOptions(args: readonly string[], root: string): StartOptions | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const port = values.port ?? String(DEFAULT_PORT);
  const basePort = Number(port);
  const isPort = Number.isInteger(basePort) && basePort >= 1024 && basePort <= 65532;
  if (port !== '0' && !isPort) {
    throw new UsageError(`--port: expected 0 or a whole number from 1024 to 65532, got ${port}`);
  }
  const configFile = values.config === undefined ? undefined : resolve(values.config);
  if (configFile !== undefined && !existsSync(configFile)) {
    throw new UsageError(`--config: expected a file, got ${configFile}, which does not exist`);
  }
  return {
    basePort,
    directory: resolve(root, values.dir ?? '.holdfast'),
    timeScale: readTimeScale(values['time-scale']),
    reports: values.reports === true,
    ...(values.concurrency === undefined ? {} : { concurrency: readConcurrency(values.concurrency) }),
    json: values.json ?? false,
    logs: readLogs(values.logs),
    seed: readSeed(values.seed),
    assemblies: foldersWith('--assembly', 'a synthesized assembly', 'manifest.json', values.assembly),
    watch: values['no-watch'] !== true,
    apps: foldersWith('--app', 'a CDK app', 'cdk.json', values.app),
    ...(configFile === undefined ? {} : { configFile }),
    ...(values.hops === undefined ? {} : { hopsFile: resolve(values.hops) }),
  };
}

/** Absolute paths of folders, each of which has to hold a file. */
function foldersWith(option: string, what: string, file: string, given: readonly string[] = []): string[] {
  const expected = `${option}: expected the folder of ${what}`;
  const folders = given.map((folder) => resolve(folder));
  for (const folder of folders) {
    if (!existsSync(folder)) throw new UsageError(`${expected}, got ${folder}, which does not exist`);
    if (!existsSync(join(folder, file)))
      throw new UsageError(`${expected}, got ${folder}, which has no ${file}`);
  }
  const twice = folders.find((folder, index) => folders.indexOf(folder) !== index);
  if (twice !== undefined) throw new UsageError(`${option}: expected each folder once, got ${twice} twice`);
  return folders;
}

function readLogs(parts: readonly string[] = []): readonly string[] {
  if (parts.includes('')) throw new UsageError("--logs: expected a part of a function's name, got none");
  return parts;
}

function readSeed(text = '1'): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new UsageError(`--seed: expected a whole number, got ${text}`);
}

function readTimeScale(text = '1'): number {
  const scale = text === '' ? Number.NaN : Number(text);
  if (!(scale >= 1 && scale <= MAX_TIME_SCALE)) {
    throw new UsageError(`--time-scale: expected a number from 1 to ${MAX_TIME_SCALE}, got ${text}`);
  }
  return scale;
}

function readConcurrency(text: string): number {
  const concurrency = text === '' ? Number.NaN : Number(text);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONCURRENCY) {
    throw new UsageError(`--concurrency: expected a whole number from 1 to ${MAX_CONCURRENCY}, got ${text}`);
  }
  return concurrency;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        config: { type: 'string' },
        app: { type: 'string', multiple: true },
        assembly: { type: 'string', multiple: true },
        dir: { type: 'string' },
        json: { type: 'boolean' },
        logs: { type: 'string', multiple: true },
        seed: { type: 'string' },
        'time-scale': { type: 'string' },
        concurrency: { type: 'string' },
        reports: { type: 'boolean' },
        hops: { type: 'string' },
        'no-watch': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(
      `${error instanceof Error ? error.message : String(error)}; see npm start -- --help`,
    );
  }
}
