import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { FaultInput, FaultKind } from '../faults/kinds';
import { ControlClient, type TokenClaims } from './control-client';
import { RuntimeProcess } from './runtime-process';

/** Well above what a start needs, for machines that are busy. */
const START_LIMIT_MS = 90_000;

const PROJECT = join(__dirname, '..', '..');

export interface HoldfastOptions {
  /**
   * Synthesized assemblies (`cdk.out`) of the environment `local`, one or several in the order of their deployment. Where none of
   * them is the platform's, the platform comes before them. @default - the platform alone
   */
  readonly assembly?: string | readonly string[];
  /** Folders of CDK apps (`cdk.json`) that are synthesized and run beside the platform. @default - none */
  readonly apps?: readonly string[];
  /** First of four ports; 0 takes any that are free. @default 0 */
  readonly port?: number;
  /** Of the dice that decide whom faults strike. @default 1 */
  readonly seed?: number;
  /** Faults that are there as soon as the stack is ready. @default - none */
  readonly faults?: { readonly [Kind in FaultKind]?: FaultInput<Kind> };
  /** Overlay of the platform's configuration, as in a file for `--config`. @default - none */
  readonly config?: object;
  /** How many times as fast schedules and the idle and life limits of WebSocket connections go. @default 1 */
  readonly timeScale?: number;
  /** Whether code of the platform that is saved is deployed. @default false */
  readonly watch?: boolean;
  /** Whether hops are logged, to `hops.jsonl` in the folder: where the time of a message goes. @default false */
  readonly hops?: boolean;
  /** Folder for the log and for the runtime's own files; removed by `stop`. @default - a new one in the system's folder for such */
  readonly directory?: string;
  /** Folder of a checkout of the platform to run in the place of this one. @default - this one */
  readonly project?: string;
  /** @default 90000 */
  readonly startLimitMs?: number;
}

/** A local runtime that runs. */
export interface Holdfast {
  readonly environment: 'local';
  readonly pid: number;
  /** Where clients connect. */
  readonly websocketUrl: string;
  /** Base of `POST {callbackUrl}/@connections/{id}`. */
  readonly callbackUrl: string;
  /** Base of `POST {serverApiUrl}/{method}` for backends, with the header `X-API-Key`. */
  readonly serverApiUrl: string;
  readonly apiKey: string;
  /** For AWS SDKs: `new SQSClient({ endpoint, region, credentials })` with any credentials. */
  readonly awsEndpointUrl: string;
  readonly region: string;
  /** Redis with all rights, for tests of the platform itself. */
  readonly redisUrl: string;
  readonly directory: string;
  /** Everything that the runtime and its functions print. */
  readonly logFile: string;
  /** Breaks it on purpose, and mends it: docs/local-runtime.md has what each fault does. */
  readonly faults: ControlClient;
  /** A token that the gateway accepts. */
  token(user: string, more?: Omit<TokenClaims, 'user'>): Promise<string>;
  /** What was printed so far. */
  log(): string;
  /** Ends everything within five seconds and removes the folder. @throws HoldfastStopError, which leaves the log */
  stop(): Promise<void>;
}

/**
 * Starts the local runtime as a child process and resolves when it is ready. It ends with `stop()`, or with this process.
 * @throws HoldfastStartError with the end of what it printed; ControlRefusedError for a fault that cannot be
 */
export async function startHoldfast(options: HoldfastOptions = {}): Promise<Holdfast> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'holdfast-'));
  mkdirSync(directory, { recursive: true });
  const logFile = join(directory, 'holdfast.log');
  const runtime = new RuntimeProcess(options.project ?? PROJECT, argumentsOf(options, directory), logFile);
  const state = await runtime.ready(options.startLimitMs ?? START_LIMIT_MS);
  const control = new ControlClient(state);
  const holdfast: Holdfast = {
    environment: 'local',
    pid: state.pid,
    websocketUrl: state.websocketUrl,
    callbackUrl: state.callbackUrl,
    serverApiUrl: state.serverApiUrl,
    apiKey: state.apiKey,
    awsEndpointUrl: state.awsEndpointUrl,
    region: state.region,
    redisUrl: state.redisUrl,
    directory,
    logFile,
    faults: control,
    token: (user, more) => control.token({ user, ...more }),
    log: () => readFileSync(logFile, 'utf8'),
    stop: async () => {
      await runtime.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await switchOn(options.faults ?? {}, holdfast);
  return holdfast;
}

async function switchOn(faults: NonNullable<HoldfastOptions['faults']>, holdfast: Holdfast): Promise<void> {
  try {
    for (const [kind, input] of Object.entries(faults)) {
      await holdfast.faults.ask('PUT', `/faults/${kind}`, input);
    }
  } catch (error) {
    await holdfast.stop();
    throw error;
  }
}

function argumentsOf(options: HoldfastOptions, directory: string): string[] {
  const { assembly = [], apps = [], port = 0, seed, timeScale, config } = options;
  const args = ['--dir', directory, '--port', String(port)];
  for (const folder of [assembly].flat()) args.push('--assembly', resolve(folder));
  for (const folder of apps) args.push('--app', resolve(folder));
  if (seed !== undefined) args.push('--seed', String(seed));
  if (!options.watch) args.push('--no-watch');
  if (options.hops) args.push('--hops', join(directory, 'hops.jsonl'));
  if (timeScale !== undefined) args.push('--time-scale', String(timeScale));
  if (config !== undefined) {
    const file = join(directory, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    args.push('--config', file);
  }
  return args;
}
