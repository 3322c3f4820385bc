import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { type RedisBinary, serverEnvironment } from './server-binary';

export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** SIGTERM, and SIGKILL a second later. */
  stop(): Promise<void>;
}

/**
 * The shell becomes the server (`exec`), beside a watcher that waits for the end of the pipe to our process: when we
 * end in whatever way, SIGKILL included, it kills its process group, which is the server and itself.
 */
const SHELL = `
exec 3<&0 </dev/null
(cat <&3 >/dev/null; kill -KILL 0) >/dev/null 2>&1 &
exec "$@" 3<&-`;

/** Nothing is on disk and clients cope with a cut, so there is no reason to be patient. */
const TERMINATION_GRACE_MS = 1000;

/**
 * Runs a server in a process group of its own, so that Ctrl-C in a terminal reaches us first and functions can finish.
 * It does not keep our event loop alive.
 */
export function spawnServer(binary: RedisBinary, configurationFile: string, logFile: string): ServerProcess {
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn('/bin/sh', ['-c', SHELL, 'sh', binary.path, configurationFile], {
    detached: true,
    env: serverEnvironment(binary.libraryPath),
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const { stdin } = child;
  stdin?.on('error', () => undefined);
  if (stdin instanceof Socket) stdin.unref();
  child.unref();
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    child.ref();
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), TERMINATION_GRACE_MS);
    await ended;
    clearTimeout(impatience);
  };
  return {
    pid: child.pid ?? 0,
    ended,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
