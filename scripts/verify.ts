import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { parameterNames } from '../lambdas/contract/parameters';
import { readState } from '../local/command/state-file';
import { TARGET_VARIABLE, type Target } from '../test/support/target';
import { askOpenQuestions } from './verify/questions';

/**
 * `npm run verify -- --env dev`: the end-to-end suite against a deployed environment, then the questions that only AWS can
 * answer. Without `--env` both run against the local stack that is running.
 */
const root = join(__dirname, '..');

const USAGE =
  'expected npm run verify -- [--env NAME] [--dir DIR], AWS credentials and region as for the AWS CLI';

async function findTarget(environment: string, directory: string): Promise<Target> {
  return environment === 'local' ? localTarget(directory) : deployedTarget(environment);
}

function localTarget(directory: string): Target {
  const state = readState(directory);
  if (!state) throw new Error(`expected a running local stack (npm start), got none in ${directory}`);
  const { websocketUrl, callbackUrl, serverApiUrl, awsEndpointUrl, region } = state;
  return { environment: 'local', websocketUrl, callbackUrl, serverApiUrl, awsEndpointUrl, region };
}

async function deployedTarget(environment: string): Promise<Target> {
  const client = new SSMClient({});
  const names = parameterNames(environment);
  const wanted = [names.websocketUrl, names.callbackUrl, names.serverApiUrl];
  const { Parameters = [] } = await client.send(new GetParametersCommand({ Names: wanted }));
  const region = await client.config.region();
  client.destroy();
  const value = (name: string): string => {
    const found = Parameters.find(({ Name }) => Name === name)?.Value;
    if (!found)
      throw new Error(`expected SSM parameter ${name} of a deployed environment in ${region}, got none`);
    return found;
  };
  return {
    environment,
    region,
    websocketUrl: value(names.websocketUrl),
    callbackUrl: value(names.callbackUrl),
    serverApiUrl: value(names.serverApiUrl),
  };
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { env: { type: 'string' }, dir: { type: 'string' } } });
  const target = await findTarget(values.env ?? 'local', join(root, values.dir ?? '.holdfast'));
  const directory = join(root, 'build', 'verify');
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'target.json');
  writeFileSync(file, JSON.stringify(target));
  process.stdout.write(`Verifying ${target.environment} at ${target.websocketUrl}\n\n`);
  const { status } = spawnSync(
    join(root, 'node_modules', '.bin', 'jest'),
    ['--selectProjects', 'e2e', '--runInBand'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, [TARGET_VARIABLE]: file } },
  );
  process.stdout.write(`\n${await askOpenQuestions(target)}\n`);
  return status ?? 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`verify: ${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    process.exitCode = 1;
  },
);
