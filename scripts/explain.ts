import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Question } from '../lambdas/gateway/core/explain/facts';
import { QuestionError, questionOf } from '../lambdas/gateway/core/explain/question';
import { readState } from '../local/command/state-file';

export const USAGE = `Says from what Redis holds why a user did or did not get a publication.

  npm run -s explain -- --user ID --channel NAME --offset N [options]

  --user ID       user id, the claim sub of the token
  --channel NAME  channel
  --offset N      offset of the publication
  --json          the facts instead of lines
  --env NAME      a deployed environment: prints the AWS CLI command that asks there (default: the stack that runs here)
  --dir DIR       folder of the running stack's local.json (default .holdfast)
  --help          this text
`;

const LOCAL = 'local';

/** Above the function's own 30 s. */
const TIMEOUT_MS = 35_000;

export interface ExplainOptions {
  readonly question: Question;
  readonly json: boolean;
  readonly environment: string;
  readonly dir: string;
}

/** The command line cannot be used; the message says what was expected and got. */
export class ExplainUsageError extends Error {
  override readonly name = 'ExplainUsageError';
}

/** The function could not be asked, or failed. */
export class ExplainFailedError extends Error {
  override readonly name = 'ExplainFailedError';
}

/** Reads the arguments behind `npm run explain --`. Returns `help` where that was asked for; throws ExplainUsageError. */
export function readExplainOptions(args: readonly string[]): ExplainOptions | 'help' {
  const { help, user = '', channel = '', offset, env = LOCAL, dir = '.holdfast', json = false } = parse(args);
  if (help) return 'help';
  if (offset === undefined || !/^\d+$/.test(offset)) {
    const got = offset === undefined ? 'none' : `"${offset}"`;
    throw new ExplainUsageError(`--offset: expected a whole number above 0, got ${got}`);
  }
  if (!/^[a-z][a-z0-9-]*$/.test(env)) {
    throw new ExplainUsageError(`--env: expected the name of an environment, such as dev, got "${env}"`);
  }
  try {
    const question = questionOf({ user, channel, offset: Number(offset) });
    return { question, json, environment: env, dir };
  } catch (error) {
    if (error instanceof QuestionError) throw new ExplainUsageError(`--${error.message}`, { cause: error });
    throw error;
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        user: { type: 'string' },
        channel: { type: 'string' },
        offset: { type: 'string' },
        json: { type: 'boolean' },
        env: { type: 'string' },
        dir: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new ExplainUsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

const functionName = (environment: string) => `${environment}-holdfast-gateway-explain`;

/** The shell commands that ask a deployed environment, with the credentials and region of the AWS CLI. */
export function awsCommand({ environment, question, json }: ExplainOptions): string {
  const payload = JSON.stringify(question).replaceAll("'", `'\\''`);
  const read = json
    ? 'JSON.stringify(answer.facts, null, 2)'
    : '(answer.lines ?? [answer.errorMessage]).join("\\n")';
  return [
    `aws lambda invoke --function-name ${functionName(environment)} --cli-binary-format raw-in-base64-out \\`,
    `  --payload '${payload}' explain.json > /dev/null &&`,
    `  node -p 'const answer = JSON.parse(fs.readFileSync("explain.json", "utf8")); ${read}'`,
  ].join('\n');
}

/** Asks the function of the stack that runs here; its answer as text. */
async function askLocal({ question, json, dir }: ExplainOptions): Promise<string> {
  const state = readState(dir);
  if (!state) {
    throw new ExplainFailedError(
      `expected a running local stack, got none (no ${join(dir, 'local.json')} of a live process): run npm start, or name a deployed environment with --env`,
    );
  }
  const url = `${state.awsEndpointUrl}/2015-03-31/functions/${functionName(LOCAL)}/invocations`;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(question), signal });
  const body = await response.text();
  if (!response.ok || response.headers.has('x-amz-function-error')) {
    throw new ExplainFailedError(
      `${functionName(LOCAL)}: expected an answer, got ${response.status} ${body}`,
    );
  }
  const answer: { readonly facts?: unknown; readonly lines?: readonly string[] } = JSON.parse(body);
  return json ? JSON.stringify(answer.facts, null, 2) : (answer.lines ?? []).join('\n');
}

async function main(): Promise<void> {
  const options = readExplainOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  if (options.environment !== LOCAL) {
    process.stderr.write('explain: Redis is inside the VPC; this asks the function there:\n');
    process.stdout.write(`${awsCommand(options)}\n`);
    return;
  }
  process.stdout.write(`${await askLocal(options)}\n`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    const usage = error instanceof ExplainUsageError;
    process.stderr.write(`explain: ${error instanceof Error ? error.message : String(error)}\n`);
    if (usage) process.stderr.write(`\n${USAGE}`);
    process.exitCode = usage ? 2 : 1;
  });
}
