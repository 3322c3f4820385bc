import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { WakeQueue } from '../../../lambdas/gateway/core/ports';
import type { InvokeResult, Invoker } from '../../../local/ports';
import type { CourierStart, FromCourier, ToCourier } from './courier-process';

interface Sandbox {
  readonly child: ChildProcess;
  /** The batch that it works on; undefined: none. */
  batch: { readonly since: number; readonly ended: (result: InvokeResult) => void } | undefined;
}

/** Credentials of a function, of which nobody checks the signatures. */
export const CREDENTIALS = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'ASIA0123456789ABCDEF',
  AWS_SECRET_ACCESS_KEY: 'x'.repeat(40),
  AWS_SESSION_TOKEN: 'x'.repeat(900),
};

/** Couriers in processes of their own, one batch each; a batch whose process was killed has failed. */
export class CourierPool implements Invoker {
  /** When posts of publications began (epoch ms). */
  readonly posts: number[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'holdfast-storm-'));
  readonly #program = join(this.#directory, 'courier.js');
  readonly #start: CourierStart;
  readonly #wakes: WakeQueue;
  readonly #sandboxes = new Set<Sandbox>();

  constructor(start: CourierStart, wakes: WakeQueue) {
    this.#start = start;
    this.#wakes = wakes;
    buildSync({
      entryPoints: [join(__dirname, 'courier-process.ts')],
      bundle: true,
      platform: 'node',
      target: 'node20',
      outfile: this.#program,
    });
  }

  invoke(_functionArn: string, event: string): Promise<InvokeResult> {
    const idle = [...this.#sandboxes].find(({ batch }) => batch === undefined);
    const sandbox = idle ?? this.#launch();
    return new Promise((ended) => {
      sandbox.batch = { since: Date.now(), ended };
      say(sandbox.child, { type: 'batch', event });
    });
  }

  /** Ends a courier that has worked on a batch for no longer than that, as the system ends a process. False: there is none. */
  kill(random: () => number, withinMs: number): boolean {
    const busy = [...this.#sandboxes].filter(({ batch }) => batch && Date.now() - batch.since <= withinMs);
    const victim = busy[Math.floor(random() * busy.length)];
    return victim?.child.kill('SIGKILL') ?? false;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#sandboxes].map(({ child }) => {
        return new Promise((resolve) => {
          child.once('exit', resolve);
          child.kill('SIGKILL');
        });
      }),
    );
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #launch(): Sandbox {
    const env = { ...process.env, ...CREDENTIALS, STORM_COURIER: JSON.stringify(this.#start) };
    const child = fork(this.#program, [], { env, execArgv: [] });
    const sandbox: Sandbox = { child, batch: undefined };
    this.#sandboxes.add(sandbox);
    child.on('message', (message) => void this.#told(sandbox, message as FromCourier));
    child.once('exit', () => {
      this.#sandboxes.delete(sandbox);
      end(sandbox, { statusCode: 200, payload: '{}', functionError: 'Unhandled' });
    });
    return sandbox;
  }

  async #told(sandbox: Sandbox, message: FromCourier): Promise<void> {
    if (message.type === 'post') return void this.posts.push(message.at);
    if (message.type === 'done') return end(sandbox, { statusCode: 200, payload: message.payload });
    await this.#wakes.send(message.wake, message.delaySeconds);
    say(sandbox.child, { type: 'sent', number: message.number });
  }
}

function say(child: ChildProcess, message: ToCourier): void {
  if (child.connected) child.send(message);
}

function end(sandbox: Sandbox, result: InvokeResult): void {
  const { batch } = sandbox;
  sandbox.batch = undefined;
  batch?.ended(result);
}
