import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Redis or Valkey server that starts on this machine, is 7.0 or newer and was built with TLS. */
export interface RedisBinary {
  /** Absolute path to execute; its last part matters (`redis-server`, `valkey-server`): the program looks at its own name. */
  readonly path: string;
  /** Directories for `LD_LIBRARY_PATH`; empty where the system's libraries suffice. */
  readonly libraryPath: readonly string[];
  readonly flavour: 'redis' | 'valkey';
  /** For example `7.0.15`. */
  readonly version: string;
}

/** A server binary that cannot serve: it does not run, is older than 7.0, or has no TLS. */
export class RedisUnusableError extends Error {
  override readonly name = 'RedisUnusableError';
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`${path}: expected a Redis or Valkey server, 7.0 or newer, with TLS; ${reason}`, options);
    this.path = path;
  }
}

/** The environment to run a server binary with. */
export function serverEnvironment(libraryPath: readonly string[]): NodeJS.ProcessEnv {
  return libraryPath.length === 0
    ? process.env
    : {
        ...process.env,
        LD_LIBRARY_PATH: [...libraryPath, process.env['LD_LIBRARY_PATH']].filter(Boolean).join(':'),
      };
}

/** Runs a candidate twice (about 10 ms): for its version, and for whether it knows the TLS options. */
export async function probeServer(path: string, libraryPath: readonly string[] = []): Promise<RedisBinary> {
  const env = serverEnvironment(libraryPath);
  const { stdout } = await run(path, ['--version'], { env, timeout: 10_000 }).catch((error: Error) => {
    throw new RedisUnusableError(path, `it does not run: ${firstLine(error)}`, { cause: error });
  });
  const match = /^(redis|valkey) server v=((\d+)\.\d+\.\d+)/i.exec(stdout);
  const [, flavour, version, major] = match ?? [];
  if (!flavour || !version)
    throw new RedisUnusableError(path, `got "${stdout.split('\n')[0]?.slice(0, 80)}" for --version`);
  if (Number(major) < 7) throw new RedisUnusableError(path, `got version ${version}`);
  if (!(await knowsTls(path, env))) throw new RedisUnusableError(path, `${version} was built without TLS`);
  return { path, libraryPath, flavour: flavour.toLowerCase() === 'valkey' ? 'valkey' : 'redis', version };
}

/** With no port to listen on, a server ends at once; one without TLS complains about the option instead. */
async function knowsTls(path: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const settings = ['--port', '0', '--tls-port', '0', '--save', '', '--dir', '/'];
  try {
    await run(path, settings, { env, timeout: 10_000 });
    return true;
  } catch (error) {
    const output = error as { readonly stdout?: string; readonly stderr?: string };
    return !/FATAL CONFIG FILE ERROR/i.test(`${output.stdout ?? ''}${output.stderr ?? ''}`);
  }
}

function firstLine(error: Error & { readonly stderr?: string }): string {
  return (error.stderr?.trim() || error.message).split('\n')[0] ?? '';
}
