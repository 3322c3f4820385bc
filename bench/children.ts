import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { StubOptions } from './poster-stub';

/** Credentials of a function's role, in their usual lengths. */
export const CREDENTIALS = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'ASIA0123456789ABCDEF',
  AWS_SECRET_ACCESS_KEY: 'x'.repeat(40),
  AWS_SESSION_TOKEN: 'x'.repeat(900),
};

/** The next message of a process. Rejects where it ends instead. */
export function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) =>
      reject(new Error(`child: expected a message, got its end with ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

export interface Stub {
  readonly port: number;
  /** What it has used so far. */
  readonly cpuMicros: () => Promise<number>;
  readonly stop: () => void;
}

/** Starts what stands for `@connections`, in a process of its own. */
export async function startStub(options: StubOptions): Promise<Stub> {
  const stub = fork(join(__dirname, 'poster-stub.ts'), [JSON.stringify(options)]);
  const port = Number(await messageOf(stub));
  const cpuMicros = async () => {
    const answer = messageOf(stub);
    stub.send('cpu');
    return Number(await answer);
  };
  return { port, cpuMicros, stop: () => stub.kill() };
}
