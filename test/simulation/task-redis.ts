import type { RedisScript, ScriptRunner } from '../../lambdas/gateway/core/redis-script';
import type { FaultPlan } from './faults';
import type { Oracle } from './oracle';
import type { Schedule, Task } from './schedule';

/** One attempt of a script, as the adapter has it. */
const ATTEMPT_MS = 2_000;

/** Redis did not answer a script. */
class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

export interface RedisParts {
  readonly schedule: Schedule;
  readonly faults: FaultPlan;
  readonly oracle: Oracle;
  readonly redis: ScriptRunner;
  /** Runs once for each publication, right after it came into a channel's log. */
  readonly afterAppend: (channel: string) => Promise<void>;
}

/** A task's way to Redis: every script is a step, whose answer may be lost or late. */
export function runnerOf(parts: RedisParts, task: Task): ScriptRunner {
  const { schedule, faults, redis } = parts;
  const attempt = async (
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
    latency: number,
  ) =>
    schedule.step(task, `${script.name} ${keys[0]}`, latency, async () => {
      const result = await redis.run(script, keys, args);
      const [asked, answered] = [JSON.stringify(args).slice(0, 150), JSON.stringify(result).slice(0, 200)];
      schedule.note(`    ${asked} -> ${answered}`);
      if (script.name === 'hf1append') await noteAppend(parts, String(keys[0]), args, result);
      return result;
    });

  return {
    run: async (script, keys, args) => {
      const latency = schedule.between(0, schedule.chance(0.01) ? 1_500 : 3);
      if (faults.strikes('stalls', 0.02)) {
        return frozen(parts, task, (freeze) => attempt(script, keys, args, latency + freeze));
      }
      if (!faults.strikes('lost-answers', 0.015)) return attempt(script, keys, args, latency);
      // It ran or it did not; whoever asked hears nothing of it, and asks again where that does no harm.
      if (schedule.chance(0.7)) await attempt(script, keys, args, latency);
      await schedule.step(task, `${script.name} unanswered`, ATTEMPT_MS - latency, async () => undefined);
      if (!script.repeatable) throw new NoAnswerError(`${script.name}: expected an answer, got none`);
      return attempt(script, keys, args, latency);
    },
  };
}

/** The process freezes before a script is sent, or between its run and its answer. */
async function frozen(
  { schedule }: RedisParts,
  task: Task,
  attempt: (later: number) => Promise<unknown>,
): Promise<unknown> {
  const milliseconds = schedule.between(1_500, 11_000);
  if (schedule.chance(0.5)) {
    schedule.freeze(task, milliseconds);
    return attempt(milliseconds);
  }
  const result = await attempt(0);
  schedule.freeze(task, milliseconds);
  await schedule.step(task, 'frozen answer', milliseconds, async () => undefined);
  return result;
}

/** Keeps what became of an append, whoever heard of it. */
async function noteAppend(
  { oracle, afterAppend }: RedisParts,
  key: string,
  args: readonly (string | number)[],
  result: unknown,
): Promise<void> {
  if (!Array.isArray(result)) return;
  const channel = /\{ch:([^}]*)\}/.exec(key)?.[1] ?? '';
  const texts = args.filter((arg) => typeof arg === 'string' && arg.startsWith('{"data":'));
  for (const [index, text] of texts.entries()) {
    const [answer, offset, epoch] = result.slice(1 + 3 * index);
    if (answer !== 'appended') continue;
    const { data } = JSON.parse(String(text)) as { data: string };
    oracle.appended(channel, String(epoch), Number(offset), data);
    await afterAppend(channel);
  }
}
