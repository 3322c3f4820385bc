import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import type { BenchOptions } from './bench-options';
import { bundled } from './bundled';
import { messageOf } from './children';
import { median, quantile, table } from './statistics';

const CONNECTIONS = 1_000;
const EVERY_MS = 1_000;
const OPENED_AT_ONCE = 20;
/** The first messages come one connection after the other, while sandboxes start. */
const RAMP_MS = 10_500;
const SAMPLES = 10;
const DEFAULT_MINUTES = 1;

/** 1,000 connections that echo once a second each, through `$default` and `@connections`: memory of the runtime over time. */
export async function benchEndurance({ minutes = DEFAULT_MINUTES }: BenchOptions): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-endurance-'));
  const child = fork(join(__dirname, 'echo-host.ts'), [bundled('echo-function.ts', directory)]);
  try {
    const talkers = await Talkers.open(String(await messageOf(child)));
    const rows = [['minute', 'runtime, MB', 'sandboxes', 'MB', 'echoes/s', 'p50, ms', 'p99, ms']];
    const partMs = (minutes * 60_000) / SAMPLES;
    const end = talkers.begin();
    await sleep(RAMP_MS);
    talkers.take();
    for (let n = 1; n <= SAMPLES; n++) {
      await sleep(partMs);
      const latencies = talkers.take();
      const { runtime, sandboxes } = memoryOf(child.pid ?? 0);
      rows.push([
        ((n * minutes) / SAMPLES).toFixed(1),
        runtime.toFixed(0),
        String(sandboxes.length),
        sandboxes.reduce((sum, each) => sum + each, 0).toFixed(0),
        ((latencies.length * 1000) / partMs).toFixed(0),
        median(latencies).toFixed(1),
        quantile(latencies, 0.99).toFixed(0),
      ]);
    }
    await end();
    process.stdout.write(
      `${CONNECTIONS} connections, a message every ${EVERY_MS} ms each, ${minutes} minutes, node ${process.version}\n${table(rows)}\n` +
        `sent ${talkers.sent}, echoed ${talkers.echoed}, refused ${talkers.refused}, closed ${talkers.closed}\n`,
    );
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Sockets that send at moments of their own, whether or not the last echo has come. */
class Talkers {
  sent = 0;
  echoed = 0;
  closed = 0;
  /** Answered by the gateway with an error. */
  refused = 0;
  readonly #sockets: readonly WebSocket[];
  #latencies: number[] = [];

  private constructor(sockets: readonly WebSocket[]) {
    this.#sockets = sockets;
    for (const socket of sockets) {
      socket.on('message', (data: Buffer) => {
        const { at } = JSON.parse(data.toString()) as { readonly at?: number };
        if (at === undefined) {
          this.refused += 1;
          return;
        }
        this.echoed += 1;
        this.#latencies.push(performance.now() - at);
      });
      socket.on('close', () => {
        this.closed += 1;
      });
    }
  }

  static async open(url: string): Promise<Talkers> {
    const sockets: WebSocket[] = [];
    while (sockets.length < CONNECTIONS) {
      const opening = Array.from(
        { length: OPENED_AT_ONCE },
        () => new WebSocket(url, { perMessageDeflate: false }),
      );
      await Promise.all(opening.map((socket) => once(socket, 'open')));
      sockets.push(...opening);
    }
    return new Talkers(sockets);
  }

  /** @returns ends the sending; resolves once what is under way has had time to come */
  begin(): () => Promise<void> {
    const text = 'x'.repeat(64);
    const timers: NodeJS.Timeout[] = [];
    for (const [n, socket] of this.#sockets.entries()) {
      const send = () => {
        this.sent += 1;
        socket.send(JSON.stringify({ at: performance.now(), text }));
      };
      timers.push(
        setTimeout(() => timers.push(setInterval(send, EVERY_MS)), (n * RAMP_MS) / this.#sockets.length),
      );
    }
    return async () => {
      for (const timer of timers) clearInterval(timer);
      await sleep(3_000);
      for (const socket of this.#sockets) {
        socket.removeAllListeners('close');
        socket.terminate();
      }
    };
  }

  /** Milliseconds of the echoes since the last call. */
  take(): number[] {
    const latencies = this.#latencies;
    this.#latencies = [];
    return latencies;
  }
}

/** Resident megabytes of a runtime and of its sandboxes. */
function memoryOf(pid: number): { readonly runtime: number; readonly sandboxes: number[] } {
  const rows = execFileSync('ps', ['-axo', 'pid=,ppid=,rss=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((row) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(row));
  const megabytes = (row: RegExpExecArray | null) => Number(row?.[3]) / 1024;
  return {
    runtime: megabytes(rows.find((row) => row?.[1] === String(pid)) ?? null),
    sandboxes: rows
      .filter((row) => row?.[2] === String(pid) && row[4]?.includes('bootstrap.cjs') === true)
      .map(megabytes),
  };
}
