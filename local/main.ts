#!/usr/bin/env node
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parameterNames } from '../lambdas/contract/parameters';
import { parseTokenRules } from '../lambdas/contract/token-rules';
import { LocalCloud } from './cloud';
import { makeAssemblies } from './command/assemblies';
import { CodeWatch } from './command/code-watch';
import { JsonOutput } from './command/json-output';
import { readOptions, type StartOptions, USAGE, UsageError } from './command/options';
import { type Output, onlyOf } from './command/output';
import { Phases } from './command/phases';
import { findPortBlock } from './command/port-block';
import {
  type LocalState,
  readState,
  removeStaleRuns,
  removeState,
  runDirectory,
  writeState,
} from './command/state-file';
import { TextOutput } from './command/text-output';
import { FaultControl } from './faults/control';
import type { TokenSigner } from './faults/control-server';
import { Faults } from './faults/faults';
import { logHops } from './hop-log';
import { findRedis } from './redis/find';
import { createStacks } from './stacks';
import { claimsOf, signToken, type TokenRequest } from './token';
import { WebServer } from './web/web-server';

/** Environment of the configuration, and so the stage in every URL. */
const ENVIRONMENT = 'local';
const REGION = process.env['AWS_REGION'] ?? 'us-east-1';
/** Whoever presses Ctrl-C waits no longer than five seconds; processes that outlive us are ended by their watchers. */
const END_LIMIT_MS = 4_500;
/** Folder of the sources, or of what is compiled of them. */
const root = join(__dirname, '..');
const streams = {
  out: (line: string) => void process.stdout.write(`${line}\n`),
  error: (line: string) => void process.stderr.write(`${line}\n`),
};

/** Everything that has to end, newest first. */
type Ending = () => unknown;

async function start(options: StartOptions, output: Output, endings: Ending[]): Promise<void> {
  const phases = new Phases(output);
  const say = (message: string) => output.say(message);
  removeStaleRuns(options.directory);
  const former = readState(options.directory);
  if (former) {
    say(
      `Another stack runs here (pid ${former.pid}, ${former.websocketUrl}); tools find this one while it runs.`,
    );
  }
  const ports = await findPortBlock(options.basePort);
  if (ports.taken !== undefined) say(`Port ${ports.taken} is taken: the whole block moves.`);
  say(`Holdfast starts on ports ${ports.websocket} to ${ports.aws}.`);
  const run = runDirectory(options.directory);
  endings.push(() => rmSync(run, { recursive: true, force: true }));
  const redisBinary = phases.run(
    'find Redis (beside the next)',
    () => findRedis({ say: (line) => say(`           ${line}`), projectDir: process.cwd() }),
    ({ flavour, version }) => `${flavour} ${version}`,
  );
  // Its failure is reported by whoever awaits it; until then it must not count as unhandled.
  redisBinary.catch(() => undefined);
  const abort = new AbortController();
  const synthesis = makeAssemblies({
    root,
    environment: ENVIRONMENT,
    region: REGION,
    directory: run,
    options,
    phases,
    signal: abort.signal,
  });
  endings.push(() => {
    abort.abort();
    return synthesis.catch(() => undefined);
  });
  const assemblies = await synthesis;
  await redisBinary;
  const cloud = new LocalCloud({
    region: REGION,
    ports,
    log: output,
    redisBinary,
    redisDirectory: join(run, 'redis'),
    timeScale: options.timeScale,
    lambda: {
      reports: options.reports,
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    },
    faults: new Faults(options.seed),
  });
  endings.push(() => cloud.close());
  const watching =
    options.watch && assemblies.fromSources ? watchCode(cloud, join(run, 'code'), say) : undefined;
  // Its failure is reported by whoever awaits it.
  watching?.catch(() => undefined);
  endings.push(() => watching?.then((watch) => watch.close()).catch(() => undefined));
  await cloud.listen();
  await phases.run(
    'make resources',
    () => createStacks(assemblies.directories, cloud),
    ({ resources, stacks }) => `${resources} in ${stacks} stacks`,
  );
  if (options.hopsFile !== undefined) endings.push(logHops(options.hopsFile));
  await phases.run('start APIs, queue readers, first key rotation', () => cloud.begin());
  await watching;
  const sign: TokenSigner = (request) => signToken({ ...tokenTermsOf(cloud), ...request });
  const control = new FaultControl(cloud, sign);
  const controlUrl = await control.listen();
  endings.push(() => control.close());
  const { token: controlToken } = control;
  const state = describe(cloud, {
    webUrl: `http://localhost:${ports.web}`,
    controlUrl,
    controlToken,
  });
  const web = new WebServer({
    websocketUrl: state.websocketUrl,
    signToken: (user) => sign({ user }),
    webRoot: join(root, 'web'),
  });
  await web.listen(ports.web);
  endings.push(() => web.close());
  writeState(options.directory, state);
  endings.push(() => removeState(options.directory, former));
  // Whoever has started it as a child, the test kit, need not look for the file.
  process.send?.(state);
  const { flavour, version } = await redisBinary;
  output.ready(state, {
    redis: `${flavour} ${version}`,
    seconds: phases.elapsedSeconds(),
    timeScale: options.timeScale,
    interpreters: cloud.lambda.interpreters.used(),
    directory: relative(process.cwd(), options.directory) || '.',
  });
}

/** Deploys code of this project that is saved. */
function watchCode(
  { lambda }: LocalCloud,
  directory: string,
  say: (line: string) => void,
): Promise<CodeWatch> {
  return CodeWatch.start({
    root,
    environment: ENVIRONMENT,
    directory,
    exists: (name) => lambda.registry.list().some((one) => one.name === name),
    deploy: (name, codeDirectory) => lambda.deploy(name, codeDirectory),
    say,
  });
}

/** What tokens of this stack are signed with, and have to name. */
function tokenTermsOf(cloud: LocalCloud): Pick<TokenRequest, 'secret' | 'issuer' | 'audience'> {
  const secret = cloud.secrets.value(`/holdfast/${ENVIRONMENT}/jwt-secret`);
  const rules = parseTokenRules(cloud.ssm.find(parameterNames(ENVIRONMENT).tokenRules)?.value ?? '');
  return { secret, ...claimsOf(rules) };
}

function describe(
  cloud: LocalCloud,
  more: Pick<LocalState, 'webUrl' | 'controlUrl' | 'controlToken'>,
): LocalState {
  const names = parameterNames(ENVIRONMENT);
  const parameter = (name: string): string => {
    const value = cloud.ssm.find(name)?.value;
    if (value === undefined) throw new Error(`expected stacks that make the parameter ${name}, got none`);
    return value;
  };
  return {
    pid: process.pid,
    websocketUrl: parameter(names.websocketUrl),
    callbackUrl: parameter(names.callbackUrl),
    serverApiUrl: parameter(names.serverApiUrl),
    apiKey: cloud.secrets.value(`/holdfast/${ENVIRONMENT}/api-key`),
    ...more,
    awsEndpointUrl: cloud.awsEndpointUrl,
    redisUrl: cloud.redis?.operatorUrl ?? '',
    region: cloud.region,
    account: cloud.account,
  };
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.cwd());
  if (options === 'help') {
    streams.out(USAGE);
    return;
  }
  const output = onlyOf(options.logs, options.json ? new JsonOutput(streams) : new TextOutput(streams));
  const endings: Ending[] = [];
  let ending: Promise<void> | undefined;
  const end = (code: number): Promise<void> => {
    ending ??= (async () => {
      setTimeout(() => process.exit(code || 1), END_LIMIT_MS).unref();
      for (const each of endings.reverse()) await each();
      process.exit(code);
    })();
    return ending;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!ending) output.say('\nHoldfast ends.');
      void end(0);
    });
  }
  // With the process that has started it as a child, however that ended.
  process.once('disconnect', () => void end(0));
  try {
    await start(options, output, endings);
  } catch (error) {
    // Ctrl-C during the start makes parts of it fail; that is no news.
    if (ending) return ending;
    output.failed(error instanceof Error ? error.message : String(error));
    await end(error instanceof UsageError ? 2 : 1);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
