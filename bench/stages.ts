import type { Poster } from '../lambdas/gateway/core/ports';
import type { RedisScript, ScriptRunner } from '../lambdas/gateway/core/redis-script';
import {
  type Core,
  connected,
  coreOn,
  publicationOf,
  recordOf,
  subscribed,
  unique,
  withRedis,
} from './redis-core';
import { table } from './statistics';

export const DRAINED_MEMBERS = [1, 10, 100, 400] as const;

/** Subscribes of a world that is set up; they share one connection to Redis. */
const SETUPS_AT_ONCE = 50;

/** Names of the scripts that ran, stage by stage. */
export type Stages = readonly (readonly string[])[];

/**
 * Counts how often somebody waits for Redis: calls that overlap in time are one stage. The answers of a stage come together,
 * after the last of them, so that the count does not depend on which is faster.
 */
export class StageCounter implements ScriptRunner {
  readonly #scripts: ScriptRunner;
  #stages: string[][] = [];
  #running = 0;
  #ended: Promise<void> = Promise.resolve();
  #end: () => void = () => undefined;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  get stages(): Stages {
    return this.#stages;
  }

  /** Counts from here on. */
  reset(): void {
    this.#stages = [];
  }

  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    if (this.#running === 0) {
      this.#stages.push([]);
      this.#ended = new Promise((end) => {
        this.#end = end;
      });
    }
    this.#running++;
    this.#stages.at(-1)?.push(script.name);
    const ended = this.#ended;
    try {
      return await this.#scripts.run(script, keys, args);
    } finally {
      this.#running--;
      if (this.#running === 0) this.#end();
      await ended;
    }
  }
}

/** Answers at once; `posted` is called at the begin of each post. */
class CountedPosts implements Poster {
  posted: () => void = () => undefined;

  async post() {
    this.posted();
    return 'ok' as const;
  }

  async close() {
    return 'ok' as const;
  }
}

function countedCore(scripts: ScriptRunner) {
  const counter = new StageCounter(scripts);
  const poster = new CountedPosts();
  return { core: coreOn(counter, poster), counter, poster };
}

/** Stages before the reply of each command on a channel that is in use, delivery to others excluded. */
export async function stagesBeforeReply(scripts: ScriptRunner) {
  const { core, counter, poster } = countedCore(scripts);
  const channel = unique('room:bench-');
  await core.courier.handle([recordOf(publicationOf(channel, 0))]);
  const connection = unique('c');
  await connected(core, connection);

  const untilReply = async (work: () => Promise<unknown>): Promise<Stages> => {
    let stages: Stages | undefined;
    poster.posted = () => {
      stages ??= counter.stages.map((names) => [...names]);
    };
    counter.reset();
    await work();
    if (stages === undefined) throw new Error('expected a reply, got none');
    return stages;
  };
  const hall = unique('hall:bench-');
  await subscribed(core, unique('c'), hall);
  const frame = (command: object) => JSON.stringify({ id: 1, ...command });
  const serve = (command: object) => untilReply(() => core.ingress.handle(connection, frame(command)));
  return {
    ping: await serve({ ping: {} }),
    publish: await untilReply(async () => {
      await core.ingress.handle(connection, frame({ publish: { channel, data: 1 } }));
      await core.courier.handle(core.deliveries.splice(0).map(recordOf));
    }),
    history: await serve({ history: { channel, limit: 10 } }),
    subscribe: await serve({ subscribe: { channel } }),
    'subscribe, listed': await serve({ subscribe: { channel: hall, join_leave: true } }),
    presence: await serve({ presence: { channel: hall } }),
    presenceStats: await serve({ presence_stats: { channel: hall } }),
  };
}

/** What a drain of one publication runs on a partition with so many members that have everything before it. */
export async function stagesOfDrain(
  scripts: ScriptRunner,
  members: number,
): Promise<{ readonly stages: Stages; readonly posts: number }> {
  const { core, counter, poster } = countedCore(scripts);
  const channel = unique('room:bench-');
  await fill(core, channel, members);
  await publishAndDrain(core, channel);
  let posts = 0;
  poster.posted = () => posts++;
  await core.channels.append(channel, [{ text: '{"data":1}', idempotencyKey: unique('k') }], RETENTION);
  counter.reset();
  await core.drain.drain(channel, 0, Date.now() + 5_000);
  return { stages: counter.stages, posts };
}

/** What a drain runs that tells so many members, who want to know, of one that joined, and of nothing else. */
export async function stagesOfMoves(
  scripts: ScriptRunner,
  members: number,
): Promise<{ readonly stages: Stages; readonly posts: number }> {
  const { core, counter, poster } = countedCore(scripts);
  const channel = unique('hall:bench-');
  await fill(core, channel, members);
  await publishAndDrain(core, channel);
  let posts = 0;
  poster.posted = () => posts++;
  const info = { user: 'newcomer', client: unique('c') };
  const arrival = { connection: info.client, nonce: 'n', info, lifecycle: false, listens: false };
  await core.presence.appear(channel, arrival);
  counter.reset();
  await core.drain.drain(channel, 0, Date.now() + 5_000);
  return { stages: counter.stages, posts };
}

const RETENTION = { entries: 1000, seconds: 3600 };

async function publishAndDrain(core: Core, channel: string): Promise<void> {
  await core.courier.handle([recordOf(publicationOf(channel, 0))]);
}

async function fill(core: Core, channel: string, members: number): Promise<void> {
  for (let from = 0; from < members; from += SETUPS_AT_ONCE) {
    const count = Math.min(SETUPS_AT_ONCE, members - from);
    await Promise.all(Array.from({ length: count }, () => subscribed(core, unique('c'), channel)));
  }
}

/** Round trips to Redis that a client waits for, and what a drain costs. */
export async function benchStages(): Promise<void> {
  await withRedis(256, async ({ scripts }) => {
    const rows = [['command', 'stages', 'scripts']];
    for (const [command, stages] of Object.entries(await stagesBeforeReply(scripts))) {
      rows.push([command, String(stages.length), text(stages)]);
    }
    for (const members of DRAINED_MEMBERS) {
      const { stages, posts } = await stagesOfDrain(scripts, members);
      rows.push([`drain, ${posts} posts`, String(stages.length), text(stages)]);
    }
    for (const members of DRAINED_MEMBERS) {
      const { stages, posts } = await stagesOfMoves(scripts, members);
      rows.push([`drain of a join, ${posts} posts`, String(stages.length), text(stages)]);
    }
    process.stdout.write(`Stages: waits for Redis before a reply, and of a drain\n${table(rows)}\n`);
  });
}

function text(stages: Stages): string {
  return stages.map((names) => names.map((name) => name.replace(/^hf1/, '')).join(' + ')).join(', ');
}
