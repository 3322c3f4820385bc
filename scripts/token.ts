import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { isChannelName } from '../lambdas/contract/channel';
import { parameterNames } from '../lambdas/contract/parameters';
import { readState } from '../local/command/state-file';
import { DEFAULT_TTL_SECONDS, signToken } from '../local/token';

export const USAGE = `Prints a JWT that a stack accepts.

  npm run -s token -- --user ID [options]

  --user ID        user id, the claim sub
  --ttl SECONDS    validity (default ${DEFAULT_TTL_SECONDS})
  --channels A,B   channels that the server subscribes the user to at connect
  --env NAME       a deployed environment, read with your AWS credentials (default: the stack that runs here)
  --dir DIR        folder of the running stack's local.json (default .holdfast)
  --help           this text
`;

const LOCAL = 'local';

export interface TokenOptions {
  readonly user: string;
  readonly ttlSeconds: number;
  readonly channels: readonly string[];
  readonly environment: string;
  readonly dir: string;
}

/** The command line cannot be used; the message says what was expected and got. */
export class TokenUsageError extends Error {
  override readonly name = 'TokenUsageError';
}

/** The environment's secret could not be read. */
export class TokenSecretError extends Error {
  override readonly name = 'TokenSecretError';
}

/** Reads the arguments behind `npm run token --`. Returns `help` where that was asked for; throws TokenUsageError. */
export function readTokenOptions(args: readonly string[]): TokenOptions | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  if (!values.user) throw new TokenUsageError('--user: expected a user id, got none');
  const ttl = values.ttl ?? String(DEFAULT_TTL_SECONDS);
  const ttlSeconds = Number(ttl);
  if (!/^\d+$/.test(ttl) || !Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1) {
    throw new TokenUsageError(`--ttl: expected a whole number of seconds above 0, got "${ttl}"`);
  }
  const channels = values.channels?.split(',') ?? [];
  const bad = channels.find((channel) => !isChannelName(channel));
  if (bad !== undefined) {
    throw new TokenUsageError(
      `--channels: expected names of 1 to 255 printable ASCII characters without space, { and }, separated by commas, got "${bad}"`,
    );
  }
  const environment = values.env ?? LOCAL;
  if (!/^[a-z][a-z0-9-]*$/.test(environment)) {
    throw new TokenUsageError(
      `--env: expected the name of an environment, such as dev, got "${environment}"`,
    );
  }
  return { user: values.user, ttlSeconds, channels, environment, dir: values.dir ?? '.holdfast' };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        user: { type: 'string' },
        ttl: { type: 'string' },
        channels: { type: 'string' },
        env: { type: 'string' },
        dir: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new TokenUsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function readSecret(options: TokenOptions): Promise<string> {
  const name = `${parameterNames(options.environment).root}/jwt-secret`;
  const client = options.environment === LOCAL ? localClient(options.dir) : new SecretsManagerClient({});
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    if (!SecretString) throw new TokenSecretError(`secret ${name}: expected text, got none`);
    return SecretString;
  } catch (error) {
    if (error instanceof TokenSecretError) throw error;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if (options.environment !== LOCAL && reason.includes('Region is missing')) {
      throw new TokenSecretError(
        'expected AWS credentials and AWS_REGION, as for the AWS CLI, got no region',
        { cause: error },
      );
    }
    throw new TokenSecretError(`secret ${name} could not be read: ${reason}`, { cause: error });
  } finally {
    client.destroy();
  }
}

function localClient(dir: string): SecretsManagerClient {
  const state = readState(dir);
  if (!state) {
    throw new TokenSecretError(
      `expected a running local stack, got none (no ${join(dir, 'local.json')} of a live process): run npm start, or name a deployed environment with --env`,
    );
  }
  return new SecretsManagerClient({
    endpoint: state.awsEndpointUrl,
    region: state.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  });
}

async function main(): Promise<void> {
  // Advice about Node versions is not for whoever asks for a token.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const options = readTokenOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  const secret = await readSecret(options);
  process.stdout.write(`${await signToken({ secret, ...options })}\n`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    const known = error instanceof TokenUsageError || error instanceof TokenSecretError;
    process.stderr.write(`token: ${known ? error.message : String(error)}\n`);
    if (error instanceof TokenUsageError) process.stderr.write(`\n${USAGE}`);
    process.exitCode = 1;
  });
}
