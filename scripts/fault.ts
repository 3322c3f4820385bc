import { parseArgs } from 'node:util';
import { readState, STATE_FILE } from '../local/command/state-file';
import { FAULTS, FaultError, isFaultKind } from '../local/faults/kinds';
import { ControlClient, ControlRefusedError } from '../local/kit';

export const USAGE = `Breaks a running local stack on purpose.

  npm run -s fault -- list                          what is broken now
  npm run -s fault -- clear [KIND]                  takes one back, or all
  npm run -s fault -- seed 7                        throws the dice anew
  npm run -s fault -- invocations --function echo --share 0.2 --crash-within-ms 20
                      (also --delay-ms 500, --throttle, --leak-mb 20)
  npm run -s fault -- starts --function echo --delay-ms 2000
  npm run -s fault -- pool --most 3
  npm run -s fault -- posts --share 0.05 --answer 429   (ok, 410, 429, 500, hang; also --delivered, --delay-ms)
  npm run -s fault -- disconnects --share 0.5
  npm run -s fault -- events --copies 2 --hold-ms 300
  npm run -s fault -- messages --queue deliveries --copies 2 --hold-ms 300
  npm run -s fault -- kill --function echo --busy
  npm run -s fault -- redeploy --function echo      a new version with the present code; what runs ends by itself
  npm run -s fault -- cut --share 0.3
  npm run -s fault -- redis --action flush          (stop, start, restart, flush, snapshot)
  npm run -s fault -- redis --action rewind --slots 0-8191   to what it was at the snapshot, as a failover of one shard

  --dir DIR   folder of the running stack's local.json (default .holdfast)
  --help      this text
`;

/** One request to the control API. */
export interface ControlRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE' | 'POST';
  readonly path: string;
  readonly body?: object;
}

export interface FaultOptions {
  readonly dir: string;
  readonly request: ControlRequest;
}

const OPTIONS = {
  function: { type: 'string' },
  queue: { type: 'string' },
  share: { type: 'string' },
  most: { type: 'string' },
  answer: { type: 'string' },
  action: { type: 'string' },
  slots: { type: 'string' },
  copies: { type: 'string' },
  'crash-within-ms': { type: 'string' },
  'delay-ms': { type: 'string' },
  'hold-ms': { type: 'string' },
  'leak-mb': { type: 'string' },
  delivered: { type: 'boolean' },
  throttle: { type: 'boolean' },
  busy: { type: 'boolean' },
  dir: { type: 'string', default: '.holdfast' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Options whose values are text; all others are numbers. */
const TEXTS: ReadonlySet<string> = new Set(['function', 'queue', 'answer', 'action', 'slots']);

/** What the command line asks for; `help` where it wants the usage. @throws FaultError */
export function readFaultOptions(args: readonly string[]): FaultOptions | 'help' {
  const { values, positionals } = parse(args);
  const { dir, help, ...rest } = values;
  if (help) return 'help';
  const [command, argument, ...more] = positionals;
  if (more.length > 0) throw new FaultError(`expected at most two words, got ${more.join(' ')}`);
  const body = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [camel(name), numberOrText(name, value)]),
  );
  return { dir, request: requestOf(command, argument, body) };
}

function requestOf(command: string | undefined, argument: string | undefined, body: object): ControlRequest {
  if (command === 'clear') {
    return {
      method: 'DELETE',
      path: argument === undefined ? '/faults' : `/faults/${encodeURIComponent(argument)}`,
    };
  }
  if (command === 'seed') {
    if (argument === undefined || !/^\d{1,15}$/.test(argument)) {
      throw new FaultError(`seed: expected a whole number, got ${argument ?? 'none'}`);
    }
    return { method: 'PUT', path: '/seed', body: { seed: Number(argument) } };
  }
  if (argument !== undefined) throw new FaultError(`expected options after ${command}, got ${argument}`);
  if (command === 'list') return { method: 'GET', path: '/faults' };
  if (command === 'kill' || command === 'redeploy' || command === 'cut' || command === 'redis') {
    return { method: 'POST', path: `/actions/${command}`, body };
  }
  if (command !== undefined && isFaultKind(command))
    return { method: 'PUT', path: `/faults/${command}`, body };
  const known = ['list', 'clear', 'seed', ...Object.keys(FAULTS), 'kill', 'redeploy', 'cut', 'redis'].join(
    ', ',
  );
  throw new FaultError(`expected one of ${known}, got ${command ?? 'nothing'}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new FaultError(error instanceof Error ? error.message : String(error));
  }
}

function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function numberOrText(name: string, value: string | boolean | undefined) {
  if (typeof value !== 'string' || TEXTS.has(name)) return value;
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number))
    throw new FaultError(`--${name}: expected a number, got ${value}`);
  return number;
}

/** Asks the stack of a folder. Resolves with what it answers. @throws FaultError */
export async function askForFault({ dir, request }: FaultOptions): Promise<object> {
  const state = readState(dir);
  if (state === undefined) throw new FaultError(`expected a running stack in ${dir}/${STATE_FILE}, got none`);
  const { method, path, body } = request;
  return new ControlClient(state).ask(method, path, body).catch((error: unknown) => {
    if (error instanceof ControlRefusedError) throw new FaultError(error.message, { cause: error });
    throw error;
  });
}

async function main(): Promise<void> {
  const options = readFaultOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(USAGE);
  else process.stdout.write(`${JSON.stringify(await askForFault(options), null, 2)}\n`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof FaultError ? 2 : 1;
  });
}
