import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readState } from '../../local/command/state-file';
import { TARGET_VARIABLE, type Target } from './target';

/** Well above what `npm start` needs, for machines that are busy. */
const START_LIMIT_MS = 60_000;

/** Above the default ports, so that a stack in use does not have to move. */
const BASE_PORT = 4500;

/** Starts the stack as `npm start` does, unless a target is given, and hands its coordinates to the tests. */
export default async function startStack(): Promise<void> {
  if (process.env[TARGET_VARIABLE]) return;
  const root = join(__dirname, '..', '..');
  const directory = join(root, '.holdfast', `test-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  const logFile = join(directory, 'stack.log');
  const log = createWriteStream(logFile);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'local/main.ts', '--dir', directory, '--port', String(BASE_PORT)],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  let exitCode: number | null | undefined;
  child.once('exit', (code) => {
    exitCode = code;
  });
  const started = Date.now();
  let state = readState(directory);
  while (!state) {
    if (exitCode !== undefined) throw new Error(`the stack ended with code ${exitCode}; see ${logFile}`);
    if (Date.now() - started > START_LIMIT_MS) {
      child.kill('SIGTERM');
      throw new Error(`the stack was not ready after ${START_LIMIT_MS} ms; see ${logFile}`);
    }
    await sleep(50);
    state = readState(directory);
  }
  const target: Target = {
    environment: 'local',
    websocketUrl: state.websocketUrl,
    callbackUrl: state.callbackUrl,
    serverApiUrl: state.serverApiUrl,
    region: state.region,
    awsEndpointUrl: state.awsEndpointUrl,
    logFile,
    directory,
  };
  const targetFile = join(directory, 'target.json');
  writeFileSync(targetFile, JSON.stringify(target));
  process.env[TARGET_VARIABLE] = targetFile;
  process.env['HOLDFAST_TEST_STACK_PID'] = String(child.pid);
}
