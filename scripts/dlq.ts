import { parseArgs } from 'node:util';
import { isJsonObject, type JsonValue } from '../lambdas/contract/json';
import { type Cloud, cloudOf, LOCAL } from './dead-letters/cloud';
import {
  contentOf,
  countLetters,
  findQueues,
  type Letter,
  lookThrough,
  type NamedQueue,
  release,
  takeLetters,
} from './dead-letters/letters';
import { redrive } from './dead-letters/redrive';

export const USAGE = `Looks through dead letters and gives them another try.

  npm run -s dlq -- list                 every letter with its reason
  npm run -s dlq -- show ID              one with its content
  npm run -s dlq -- redrive ID           gives one another try
  npm run -s dlq -- redrive --all        gives all of a queue another try (needs --queue)

  --queue NAME  deliveries, wakes, requests or service-<name> (default: all)
  --force       publishes also what may be in its channel's log already
  --json        list and show in JSON
  --env NAME    a deployed environment, with your AWS credentials (default: the stack that runs here)
  --dir DIR     folder of the running stack's local.json (default .holdfast)
  --help        this text
`;

export interface DlqOptions {
  readonly command: 'list' | 'show' | 'redrive';
  readonly id: string | undefined;
  readonly all: boolean;
  readonly queue: string | undefined;
  readonly force: boolean;
  readonly json: boolean;
  readonly environment: string;
  readonly dir: string;
}

/** The command line cannot be used; the message says what was expected and got. */
export class DlqUsageError extends Error {
  override readonly name = 'DlqUsageError';
}

/** A letter or a queue that is not there. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

const COMMANDS = ['list', 'show', 'redrive'] as const;

/** Reads the arguments behind `npm run dlq --`. Returns `help` where that was asked for; throws DlqUsageError. */
export function readDlqOptions(args: readonly string[]): DlqOptions | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  const [name = 'none', id, ...rest] = positionals;
  const command = COMMANDS.find((known) => known === name);
  const { all = false, queue, force = false, json = false, env = LOCAL, dir = '.holdfast' } = values;
  if (command === undefined) throw new DlqUsageError(`expected ${COMMANDS.join(', ')}, got ${name}`);
  if (rest.length > 0) throw new DlqUsageError(`expected one id, got ${rest.length + 1}`);
  if (command === 'list' ? id !== undefined : (id === undefined) !== all) {
    const wanted = command === 'list' ? 'no id' : 'an id or --all';
    throw new DlqUsageError(`${command}: expected ${wanted}, got ${id === undefined ? 'none' : id}`);
  }
  if (all && (command !== 'redrive' || queue === undefined)) {
    throw new DlqUsageError('--all: expected redrive and a --queue, got it without');
  }
  if (!/^[a-z][a-z0-9-]*$/.test(env)) {
    throw new DlqUsageError(`--env: expected the name of an environment, such as dev, got "${env}"`);
  }
  return { command, id, all, queue, force, json, environment: env, dir };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        all: { type: 'boolean' },
        queue: { type: 'string' },
        force: { type: 'boolean' },
        json: { type: 'boolean' },
        env: { type: 'string' },
        dir: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new DlqUsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

type Say = (line: string) => void;

/** Runs a command; `now` in epoch ms. Rejects with NotFoundError, or where AWS does. */
export async function runDlq(cloud: Cloud, options: DlqOptions, say: Say, now = Date.now()): Promise<void> {
  const queues = await queuesOf(cloud, options);
  if (options.command === 'list') return list(cloud, queues, options, say, now);
  if (options.command === 'redrive' && options.all) return redriveAll(cloud, queues, options, say);
  await withLetter(cloud, queues, options.id ?? '', async (letter) => {
    if (options.command === 'show') say(JSON.stringify(factsOf(letter, true), null, 2));
    else {
      await redrive(cloud, letter, options.force);
      say(`redriven: ${letter.id} of ${letter.queue.name}`);
    }
    return options.command === 'show' ? 'kept' : 'gone';
  });
}

async function queuesOf(cloud: Cloud, { queue, environment }: DlqOptions): Promise<readonly NamedQueue[]> {
  const queues = await findQueues(cloud.ssm, environment);
  const wanted = queues.filter(({ name }) => queue === undefined || name === queue);
  if (wanted.length > 0) return wanted;
  const known = queues.map(({ name }) => name).join(', ') || 'none: is the environment deployed?';
  throw new NotFoundError(`queue: expected one of ${known}, got ${queue ?? 'none'}`);
}

async function list(
  { sqs }: Cloud,
  queues: readonly NamedQueue[],
  { json }: DlqOptions,
  say: Say,
  now: number,
): Promise<void> {
  for (const queue of queues) {
    const count = await countLetters(sqs, queue);
    const letters = count === 0 ? [] : await lookThrough(sqs, queue);
    if (json) {
      for (const letter of letters) say(JSON.stringify(factsOf(letter, false)));
      continue;
    }
    say(`${queue.name}: ${count}${letters.length < count ? ` (${letters.length} can be seen now)` : ''}`);
    for (const letter of letters) say(`  ${lineOf(letter, now)}`);
  }
}

function lineOf(letter: Letter, now: number): string {
  const minutes = Math.floor((now - letter.since) / 60_000);
  const { content, id, reason } = factsOf(letter, false);
  const facts = Object.entries(content).map(([name, value]) => `${name} ${value}`);
  return [id, `${minutes} min`, reason, ...facts].join('  ');
}

/** Ids and names that tell letters apart; what was published is for `show`. */
const SHOWN = ['type', 'channel', 'idempotencyKey', 'source', 'detail-type', 'publishedAt', 'time'] as const;

function factsOf(letter: Letter, whole: boolean) {
  const { id, queue, reason, since, group, body } = letter;
  const content = contentOf(letter);
  const shown: Record<string, JsonValue> = {};
  for (const name of SHOWN) {
    const value = content?.[name];
    if (value !== undefined && !isJsonObject(value)) shown[name] = value;
  }
  return {
    id,
    queue: queue.name,
    reason,
    since: new Date(since).toISOString(),
    ...(group === undefined ? {} : { group }),
    content: whole ? (content ?? body) : shown,
  };
}

/** Looks for a letter, does something about it, and leaves all others as they were. */
async function withLetter(
  { sqs }: Cloud,
  queues: readonly NamedQueue[],
  id: string,
  act: (letter: Letter) => Promise<'kept' | 'gone'>,
): Promise<void> {
  for (const queue of queues) {
    const taken: Letter[] = [];
    try {
      for (;;) {
        const letters = await takeLetters(sqs, queue);
        if (letters.length === 0) break;
        taken.push(...letters);
        const found = letters.find((letter) => letter.id === id);
        if (found === undefined) continue;
        if ((await act(found)) === 'gone') taken.splice(taken.indexOf(found), 1);
        return;
      }
    } finally {
      await release(sqs, taken);
    }
  }
  throw new NotFoundError(`${id}: expected a letter that can be seen, got none; list shows those that can`);
}

/** In their order, so that a channel gets them as they were published; ends at the first that fails. */
async function redriveAll(
  cloud: Cloud,
  queues: readonly NamedQueue[],
  { force }: DlqOptions,
  say: Say,
): Promise<void> {
  for (const queue of queues) {
    // What dies again meanwhile is left: it would come round for ever.
    let left = await countLetters(cloud.sqs, queue);
    let done = 0;
    while (left > 0) {
      const letters = await takeLetters(cloud.sqs, queue);
      if (letters.length === 0) break;
      let next = 0;
      try {
        for (const letter of letters) {
          await redrive(cloud, letter, force);
          next++;
        }
      } finally {
        await release(cloud.sqs, letters.slice(next));
      }
      left -= letters.length;
      done += letters.length;
    }
    say(`redriven: ${done} of ${queue.name}`);
  }
}

async function main(): Promise<void> {
  // Advice about Node versions is not for whoever looks after dead letters.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const options = readDlqOptions(process.argv.slice(2));
  const say = (line: string) => process.stdout.write(`${line}\n`);
  if (options === 'help') return void process.stdout.write(USAGE);
  const cloud = cloudOf(options.environment, options.dir);
  try {
    await runDlq(cloud, options, say);
  } finally {
    cloud.close();
  }
}

if (require.main === module) {
  main().catch((error: unknown) => {
    const usage = error instanceof DlqUsageError;
    process.stderr.write(`dlq: ${error instanceof Error ? error.message : String(error)}\n`);
    if (usage) process.stderr.write(`\n${USAGE}`);
    process.exitCode = usage ? 2 : 1;
  });
}
