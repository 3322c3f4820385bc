import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTarget } from './target';

/** The contract of `npm start`: everything has ended five seconds after SIGTERM. */
const STOP_LIMIT_MS = 5_000;

/** Ends the stack that start-stack started; leaves its log only where something went wrong. */
export default async function stopStack(): Promise<void> {
  const pid = Number(process.env['HOLDFAST_TEST_STACK_PID']);
  if (!pid) return;
  const { directory } = readTarget();
  process.kill(pid, 'SIGTERM');
  const started = Date.now();
  while (isAlive(pid)) {
    if (Date.now() - started > STOP_LIMIT_MS) {
      process.kill(pid, 'SIGKILL');
      throw new Error(`the stack did not end within ${STOP_LIMIT_MS} ms of SIGTERM`);
    }
    await sleep(20);
  }
  if (directory) rmSync(directory, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
