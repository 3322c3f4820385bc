import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient, type SSMClientConfig } from '@aws-sdk/client-ssm';
import { isChannelName } from '../lambdas/contract/channel';
import { parameterNames } from '../lambdas/contract/parameters';
import { parseTokenRules, type TokenRules } from '../lambdas/contract/token-rules';
import { readState } from '../local/command/state-file';
import { claimsOf, DEFAULT_TTL_SECONDS, signToken, type TokenRequest } from '../local/token';

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

type Terms = Pick<TokenRequest, 'secret' | 'issuer' | 'audience'>;

/** What tokens are signed with, or have to name, could not be read. */
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

/** What the environment's tokens are signed with, and have to name. */
async function readTerms(options: TokenOptions): Promise<Terms> {
  const coordinates = options.environment === LOCAL ? localCoordinates(options.dir) : {};
  const secrets = new SecretsManagerClient(coordinates);
  const parameters = new SSMClient(coordinates);
  const { root, tokenRules } = parameterNames(options.environment);
  const local = options.environment === LOCAL;
  try {
    const [secret, rules] = await Promise.all([
      read(`secret ${root}/jwt-secret`, local, async () => {
        const command = new GetSecretValueCommand({ SecretId: `${root}/jwt-secret` });
        return (await secrets.send(command)).SecretString;
      }),
      read(`parameter ${tokenRules}`, local, async () => {
        return (await parameters.send(new GetParameterCommand({ Name: tokenRules }))).Parameter?.Value;
      }),
    ]);
    return { secret, ...claimsOf(secretRules(tokenRules, rules)) };
  } finally {
    secrets.destroy();
    parameters.destroy();
  }
}

async function read(what: string, local: boolean, call: () => Promise<string | undefined>): Promise<string> {
  let text: string | undefined;
  try {
    text = await call();
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if (!local && reason.includes('Region is missing')) {
      throw new TokenSecretError(
        'expected AWS credentials and AWS_REGION, as for the AWS CLI, got no region',
        { cause: error },
      );
    }
    throw new TokenSecretError(`${what} could not be read: ${reason}`, { cause: error });
  }
  if (!text) throw new TokenSecretError(`${what}: expected text, got none`);
  return text;
}

/** The rules for tokens by the secret. */
function secretRules(name: string, json: string): TokenRules {
  const rules = parseTokenRules(json);
  if (!rules) throw new TokenSecretError(`parameter ${name}: expected rules for tokens, got something else`);
  if (!rules.hmac) {
    throw new TokenSecretError(
      'expected an environment that takes tokens by its secret, got one with auth.hmac: false',
    );
  }
  return rules;
}

function localCoordinates(dir: string): SecretsManagerClientConfig & SSMClientConfig {
  const state = readState(dir);
  if (!state) {
    throw new TokenSecretError(
      `expected a running local stack, got none (no ${join(dir, 'local.json')} of a live process): run npm start, or name a deployed environment with --env`,
    );
  }
  return {
    endpoint: state.awsEndpointUrl,
    region: state.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  };
}

async function main(): Promise<void> {
  // Advice about Node versions is not for whoever asks for a token.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const options = readTokenOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  const terms = await readTerms(options);
  process.stdout.write(`${await signToken({ ...terms, ...options })}\n`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    const known = error instanceof TokenUsageError || error instanceof TokenSecretError;
    process.stderr.write(`token: ${known ? error.message : String(error)}\n`);
    if (error instanceof TokenUsageError) process.stderr.write(`\n${USAGE}`);
    process.exitCode = 1;
  });
}
