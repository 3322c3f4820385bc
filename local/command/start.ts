import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { LocalCloud } from '../cloud';
import { FaultControl } from '../faults/control';
import type { TokenSigner } from '../faults/control-server';
import { Faults } from '../faults/faults';
import { logHops } from '../hop-log';
import { findRedis } from '../redis/find';
import type { RedisBinary } from '../redis/server-binary';
import { createStacks } from '../stacks';
import { signToken } from '../token';
import { WebServer } from '../web/web-server';
import { type Assemblies, makeAssemblies } from './assemblies';
import { CodeWatch } from './code-watch';
import type { StartOptions } from './options';
import type { Output } from './output';
import { Phases } from './phases';
import { ENVIRONMENT, stateOf, tokenTermsOf } from './platform';
import { findPortBlock, type PortBlock } from './port-block';
import {
  type LocalState,
  readState,
  removeStaleRuns,
  removeState,
  runDirectory,
  writeState,
} from './state-file';

const REGION = process.env['AWS_REGION'] ?? 'us-east-1';

export interface StartContext {
  /** Folder of the sources, or of what is compiled of them. */
  readonly root: string;
  readonly options: StartOptions;
  readonly output: Output;
  /** Takes everything that has to end, newest last. */
  readonly endings: (() => unknown)[];
}

/** Starts everything and says when it is ready. Rejects where something does not start; `endings` then has what did. */
export async function start(context: StartContext): Promise<void> {
  const { options, output, endings } = context;
  const phases = new Phases(output);
  removeStaleRuns(options.directory);
  const former = formerStack(context);
  const ports = await portsOf(context);
  const run = runDirectory(options.directory);
  endings.push(() => rmSync(run, { recursive: true, force: true }));
  const redisBinary = redisOf(context, phases);
  const assemblies = await assembliesOf(context, run, phases);
  await redisBinary;
  const cloud = cloudOf(context, { ports, redisBinary, redisDirectory: join(run, 'redis') });
  const watching = watchCode(context, cloud, { assemblies, directory: join(run, 'code') });
  await fill(context, { cloud, phases, directories: assemblies.directories });
  await watching;
  const state = await serve(context, cloud, ports);
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

function formerStack({ options, output }: StartContext): LocalState | undefined {
  const former = readState(options.directory);
  if (former) {
    const { pid, websocketUrl } = former;
    output.say(`Another stack runs here (pid ${pid}, ${websocketUrl}); tools find this one while it runs.`);
  }
  return former;
}

async function portsOf({ options, output }: StartContext): Promise<PortBlock> {
  const ports = await findPortBlock(options.basePort);
  if (ports.taken !== undefined) output.say(`Port ${ports.taken} is taken: the whole block moves.`);
  output.say(`Holdfast starts on ports ${ports.websocket} to ${ports.aws}.`);
  return ports;
}

/** Found while the templates are still being made. */
function redisOf({ output }: StartContext, phases: Phases): Promise<RedisBinary> {
  const found = phases.run(
    'find Redis (beside the next)',
    () => findRedis({ say: (line) => output.say(`           ${line}`), projectDir: process.cwd() }),
    ({ flavour, version }) => `${flavour} ${version}`,
  );
  return unhandledByNow(found);
}

/** A failure is reported by whoever awaits it; until then it must not count as unhandled. */
function unhandledByNow<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined);
  return promise;
}

function assembliesOf(context: StartContext, directory: string, phases: Phases): Promise<Assemblies> {
  const { root, options, endings } = context;
  const abort = new AbortController();
  const { signal } = abort;
  const made = makeAssemblies({
    root,
    environment: ENVIRONMENT,
    region: REGION,
    directory,
    options,
    phases,
    signal,
  });
  endings.push(() => {
    abort.abort();
    return made.catch(() => undefined);
  });
  return made;
}

function cloudOf(
  { options, output, endings }: StartContext,
  more: {
    readonly ports: PortBlock;
    readonly redisBinary: Promise<RedisBinary>;
    readonly redisDirectory: string;
  },
): LocalCloud {
  const cloud = new LocalCloud({
    region: REGION,
    log: output,
    timeScale: options.timeScale,
    lambda: {
      reports: options.reports,
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    },
    faults: new Faults(options.seed),
    ...more,
  });
  endings.push(() => cloud.close());
  return cloud;
}

/** Deploys code of this project that is saved, where the functions that run are made of it. */
function watchCode(
  { root, options, output, endings }: StartContext,
  { lambda }: LocalCloud,
  { assemblies, directory }: { readonly assemblies: Assemblies; readonly directory: string },
): Promise<CodeWatch> | undefined {
  if (!options.watch || !assemblies.fromSources) return undefined;
  const watching = CodeWatch.start({
    root,
    environment: ENVIRONMENT,
    directory,
    exists: (name) => lambda.registry.list().some((one) => one.name === name),
    deploy: (name, codeDirectory) => lambda.deploy(name, codeDirectory),
    say: (line) => output.say(line),
  });
  endings.push(() => watching.then((watch) => watch.close()).catch(() => undefined));
  return unhandledByNow(watching);
}

/** Makes the resources and puts them to work. */
async function fill(
  { options, endings }: StartContext,
  what: { readonly cloud: LocalCloud; readonly phases: Phases; readonly directories: readonly string[] },
): Promise<void> {
  const { cloud, phases, directories } = what;
  await cloud.listen();
  await phases.run(
    'make resources',
    () => createStacks(directories, cloud),
    ({ resources, stacks }) => `${resources} in ${stacks} stacks`,
  );
  if (options.hopsFile !== undefined) endings.push(logHops(options.hopsFile));
  await phases.run('start APIs, queue readers, first key rotation', () => cloud.begin());
}

/** The control API and the demo page. @throws NoPlatformError */
async function serve(
  { root, endings }: StartContext,
  cloud: LocalCloud,
  ports: PortBlock,
): Promise<LocalState> {
  const sign: TokenSigner = (request) => signToken({ ...tokenTermsOf(cloud), ...request });
  const control = new FaultControl(cloud, sign);
  const controlUrl = await control.listen();
  endings.push(() => control.close());
  const webUrl = `http://localhost:${ports.web}`;
  const state = stateOf(cloud, { webUrl, controlUrl, controlToken: control.token });
  const web = new WebServer({
    websocketUrl: state.websocketUrl,
    signToken: (user) => sign({ user }),
    webRoot: join(root, 'web'),
  });
  await web.listen(ports.web);
  endings.push(() => web.close());
  return state;
}
