import type { Poster, PostOutcome } from '../../lambdas/gateway/core/ports';
import type { Socket } from './client-world';
import type { FaultPlan } from './faults';
import type { Schedule, Task } from './schedule';

/** A post's own time limit, as the adapter has it. */
const POST_MS = 2_500;

/** Rest between the attempts of one post. */
const RETRY_MS = 100;

/** What becomes of an attempt. */
interface Fate {
  readonly outcome: PostOutcome;
  readonly milliseconds: number;
  /** The frame arrives although nobody hears of it, so long after the answer. */
  readonly lateMs?: number;
}

/** Open sockets, by connection. */
export interface Sockets {
  get(connection: string): Socket | undefined;
  close(connection: string): void;
}

export interface PostParts {
  readonly schedule: Schedule;
  readonly faults: FaultPlan;
  readonly sockets: Sockets;
}

/** A task's way to connections. `attempts`: of a post whose failure is no time-out; only replies bear several. */
export function posterOf(parts: PostParts, task: Task, attempts: number): Poster {
  const { schedule, faults, sockets } = parts;
  return {
    post: async (connection, frame) => {
      const endsAt = schedule.now + POST_MS;
      for (let attempt = 1; ; attempt++) {
        const fate = fateOf(parts);
        const late = fate.lateMs === undefined ? '' : ` late ${fate.lateMs}`;
        const name = `post ${connection} ${fate.outcome}${late} ${frame.slice(0, 160)}`;
        const outcome = await schedule.step(task, name, fate.milliseconds, async () =>
          take(parts, connection, frame, fate),
        );
        const repeats = outcome === 'throttled' || outcome === 'unknown';
        if (!repeats || attempt >= attempts || schedule.now + RETRY_MS * 2 > endsAt) return outcome;
        await schedule.step(task, 'sleep', RETRY_MS, async () => undefined);
      }
    },
    close: async (connection) =>
      schedule.step(task, `close ${connection}`, schedule.between(5, 30), async () => {
        if (sockets.get(connection) === undefined) return 'gone';
        if (faults.strikes('posts', 0.1)) return 'throttled';
        sockets.close(connection);
        return faults.strikes('late-posts', 0.1) ? 'unknown' : 'ok';
      }),
  };
}

function take(
  { schedule, sockets }: PostParts,
  connection: string,
  frame: string,
  { outcome, lateMs }: Fate,
): PostOutcome {
  const socket = sockets.get(connection);
  if (socket === undefined) return outcome === 'unknown' ? 'unknown' : 'gone';
  if (outcome === 'ok' || lateMs === 0) socket.receive(frame);
  else if (lateMs !== undefined) {
    schedule.after(lateMs, `late ${connection}`, () => {
      if (sockets.get(connection) !== socket) return;
      schedule.note(`late post arrives at ${connection}: ${frame.slice(0, 160)}`);
      socket.receive(frame);
    });
  }
  return outcome;
}

function fateOf({ schedule, faults }: PostParts): Fate {
  const quick = schedule.between(5, 30);
  if (faults.strikes('slow-posts', 0.1)) {
    return { outcome: 'ok', milliseconds: schedule.between(501, 2_400) };
  }
  if (faults.strikes('posts', 0.08)) {
    return { outcome: schedule.chance(0.7) ? 'throttled' : 'failed', milliseconds: quick };
  }
  if (faults.strikes('late-posts', 0.08)) {
    const milliseconds = schedule.chance(0.5) ? quick : POST_MS;
    if (schedule.chance(0.5)) return { outcome: 'unknown', milliseconds };
    const lateMs = schedule.chance(0.5) ? 0 : schedule.between(1, 6_000);
    return { outcome: 'unknown', milliseconds, lateMs };
  }
  return { outcome: 'ok', milliseconds: quick };
}
