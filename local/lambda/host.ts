import { randomUUID } from 'node:crypto';
import os from 'node:os';
import { passes } from '../hops';
import { AwsError, type InvokeResult, type Invoker, LOCAL_ACCOUNT } from '../ports';
import { type AsyncConfig, AsyncInvocations, DEFAULT_ASYNC_CONFIG } from './async-invocations';
import { Concurrency } from './concurrency';
import { niceOf } from './cpu-share';
import { Deployments } from './deployments';
import { outputOf } from './function-output';
import { FunctionRegistry, type FunctionTarget } from './function-registry';
import { type FunctionStats, StatsBook } from './function-stats';
import type { FunctionDefinition, FunctionVersion } from './function-version';
import type { LambdaHostOptions } from './host-options';
import { Interpreters } from './interpreters';
import type { InvocationOutcome } from './invocation-outcome';
import { reportLine } from './invocation-report';
import { OrphanReaper } from './orphan-reaper';
import { type InvocationTrouble, RuntimeApi } from './runtime-api';
import { Sandbox, type SandboxOwner } from './sandbox';
import { commandOf, sandboxEnvironment } from './sandbox-environment';
import { SandboxPool } from './sandbox-pool';
import { SpareCpu } from './spare-cpu';
import { ThrottledError } from './throttled-error';

export interface InvocationResult extends InvokeResult {
  readonly requestId: string;
  /** `$LATEST` or a version number. */
  readonly executedVersion: string;
}

/** Of a new region of an old account: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const ACCOUNT_CONCURRENCY = 1000;
/** 40 MB and more each, and a laptop's cores do no more. */
const MAX_SANDBOXES = 50;

/** Payload limits of Invoke: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAX_PAYLOAD_BYTES = { RequestResponse: 6 * 1024 * 1024, Event: 1024 * 1024 } as const;

/** Runs Lambda functions as child processes behind the Lambda Runtime API. */
export class LambdaHost implements Invoker {
  readonly registry: FunctionRegistry;
  readonly interpreters: Interpreters;
  readonly #options: LambdaHostOptions;
  readonly #region: string;
  readonly #api = new RuntimeApi();
  readonly #reaper = new OrphanReaper();
  readonly #pool: SandboxPool;
  readonly #concurrency: Concurrency;
  readonly #deployments: Deployments;
  readonly #async: AsyncInvocations;
  readonly #asyncConfigs = new Map<string, AsyncConfig>();
  #inFlight = 0;
  readonly #stats = new StatsBook();

  constructor(options: LambdaHostOptions) {
    this.#options = options;
    this.#region = options.region ?? 'us-east-1';
    this.interpreters = options.interpreters ?? new Interpreters();
    this.registry = new FunctionRegistry(this.#region, options.account ?? LOCAL_ACCOUNT);
    const { concurrency = ACCOUNT_CONCURRENCY } = options;
    this.#concurrency = new Concurrency(concurrency);
    const spare = new SpareCpu();
    this.#pool = new SandboxPool({
      maxSandboxes: options.maxSandboxes ?? Math.min(MAX_SANDBOXES, concurrency),
      maxStarting: options.maxStarting ?? Math.max(2, os.availableParallelism()),
      spareCpu: options.spareCpu ?? (() => spare.some),
      idleMs: options.idleMs ?? 300_000,
      create: (version, owner, place) => this.#createSandbox(version, owner, place),
      startFailed: ({ definition }, { payload }) =>
        options.log.warn(definition.name, `sandbox did not start: ${payload.slice(0, 300)}`),
    });
    this.#deployments = new Deployments(this.registry, this.#pool);
    this.#async = new AsyncInvocations({
      targets: options.targets,
      log: options.log,
      retryDelayMs: options.retryDelayMs ?? ((retry) => retry * 60_000),
    });
  }

  /**
   * @returns the function's ARN
   * @throws AwsError ResourceConflictException where the name is taken, InvalidParameterValueException where too much is reserved
   * @throws UnsupportedRuntimeError, InterpreterMissingError
   */
  createFunction(definition: FunctionDefinition): string {
    commandOf({ definition, version: '' }, this.#interpreterOf);
    const arn = this.registry.create(definition);
    this.#concurrency.reserve(definition.name, definition.reservedConcurrency);
    return arn;
  }

  /** Changes `$LATEST`. Sandboxes of the former code end after what they do; published versions stay as they are. */
  updateFunction(nameOrArn: string, changes: Partial<Omit<FunctionDefinition, 'name'>>): void {
    const former = this.registry.update(nameOrArn, changes);
    if ('reservedConcurrency' in changes) {
      this.#concurrency.reserve(this.registry.find(nameOrArn).name, changes.reservedConcurrency);
    }
    this.#pool.retire(former);
  }

  /** Deploys other code, or the present one anew, without ending what runs. @returns the number of the version */
  deploy(nameOrArn: string, codeDir?: string): Promise<string> {
    return this.#deployments.deploy(nameOrArn, codeDir);
  }

  /** @returns the version's number; the last one again where nothing has changed since, as on AWS */
  publishVersion(nameOrArn: string): string {
    return this.registry.publish(nameOrArn);
  }

  /** Creates or moves an alias. @returns its ARN */
  createAlias(nameOrArn: string, alias: string, version: string): string {
    return this.registry.setAlias(nameOrArn, alias, version);
  }

  /** @param qualifier alias or version; undefined means `$LATEST` */
  configureAsync(nameOrArn: string, qualifier: string | undefined, config: AsyncConfig): void {
    const { name } = this.registry.find(nameOrArn);
    this.#asyncConfigs.set(`${name}:${qualifier ?? '$LATEST'}`, config);
  }

  /** ARN of a function that exists. */
  arnOf(nameOrArn: string, qualifier?: string): string {
    return this.registry.arnOf(this.registry.find(nameOrArn).name, qualifier);
  }

  /**
   * Invokes a function: name, partial ARN or ARN, with or without qualifier. A failed function is a result, not an
   * exception.
   * @throws AwsError ResourceNotFoundException, RequestTooLargeException, TooManyRequestsException
   */
  async invoke(
    functionArn: string,
    payload: string,
    type: 'RequestResponse' | 'Event',
  ): Promise<InvocationResult> {
    const target = this.registry.resolve(functionArn);
    const limit = MAX_PAYLOAD_BYTES[type];
    const bytes = Buffer.byteLength(payload);
    if (bytes > limit) {
      const text = `Request must be smaller than ${limit} bytes for the InvokeFunction operation, got ${bytes}`;
      throw new AwsError('RequestTooLargeException', text, 413);
    }
    const requestId = randomUUID();
    const executedVersion = target.version.version;
    if (type === 'Event') {
      this.#acceptEvent(target, requestId, payload);
      return { statusCode: 202, payload: '', requestId, executedVersion };
    }
    const { payload: result, failure } = await this.#run(target, requestId, payload);
    const accepted = { statusCode: 200, payload: result, requestId, executedVersion };
    return failure === undefined ? accepted : { ...accepted, functionError: 'Unhandled' };
  }

  /** Starts a sandbox ahead of the first invocation; resolves when it is ready, or has failed and said so. */
  warm(functionArn: string): Promise<void> {
    return this.#pool.warm(this.registry.resolve(functionArn).version);
  }

  /** Processes that run at the moment. */
  sandboxes(): { functionName: string; version: string; pid: number; busy: boolean }[] {
    return this.#pool.sandboxes().map(({ version, pid, busy }) => ({
      functionName: version.definition.name,
      version: version.version,
      pid,
      busy,
    }));
  }

  /** Invocations of a function that wait or run. */
  inflight(nameOrArn: string): number {
    return this.stats(nameOrArn).inflight;
  }

  stats(nameOrArn: string): FunctionStats {
    return { ...this.#stats.of(this.registry.find(nameOrArn).name) };
  }

  /** Asynchronous invocations that were accepted and are not finished. */
  get pendingEvents(): number {
    return this.#async.pending;
  }

  /** Ends every child process, within about a second. Invocations in flight end with an error. */
  async close(): Promise<void> {
    this.#async.close();
    await this.#pool.close();
    await this.#reaper.close();
    this.#api.close();
  }

  #acceptEvent({ name, qualifier, arn, version }: FunctionTarget, requestId: string, payload: string): void {
    const config = this.#asyncConfigs.get(`${name}:${qualifier ?? '$LATEST'}`) ?? DEFAULT_ASYNC_CONFIG;
    this.#async.accept({
      requestId,
      functionName: name,
      functionArn: this.registry.arnOf(name, qualifier ?? '$LATEST'),
      executedVersion: version.version,
      payload,
      config,
      deadLetterArn: version.definition.deadLetterArn,
      actor: {
        service: 'lambda.amazonaws.com',
        roleArn: version.definition.principal.arn,
        session: name,
      },
      // A retry goes where its alias leads by then.
      attempt: (startBefore) => this.#run(this.registry.resolve(arn), requestId, payload, startBefore),
    });
  }

  async #run(
    { name, arn, version }: FunctionTarget,
    requestId: string,
    payload: string,
    startBefore?: number,
  ): Promise<InvocationOutcome> {
    const trouble = this.#troubleOf(name);
    // An asynchronous one waits in Lambda's own queue and counts once it runs.
    let leave = startBefore === undefined ? this.#concurrency.enter(name) : undefined;
    const stats = this.#stats.of(name);
    stats.invocations += 1;
    stats.inflight += 1;
    this.#inFlight += 1;
    passes('begin', name, payload);
    try {
      const outcome = await this.#pool.run(version, {
        requestId,
        functionArn: arn,
        traceId: traceIdOf(requestId),
        payload,
        trouble,
        startBefore,
        begun: () => {
          leave ??= this.#concurrency.begin(name);
        },
      });
      if (outcome.failure !== undefined && outcome.failure !== 'expired') {
        stats.errors += 1;
        if (outcome.failure === 'timeout') stats.timeouts += 1;
        if (outcome.failure === 'exit') stats.diedInFlight += 1;
        this.#options.log.warn(name, `invocation ${requestId} failed: ${outcome.payload.slice(0, 300)}`);
      }
      return outcome;
    } finally {
      passes('end', name, payload);
      leave?.();
      stats.inflight -= 1;
      this.#inFlight -= 1;
    }
  }

  /** @throws ThrottledError where one is asked for */
  #troubleOf(name: string): InvocationTrouble | undefined {
    const { faults } = this.#options;
    if (faults?.hasRoom(this.#inFlight) === false) {
      throw new ThrottledError('ConcurrentInvocationLimitExceeded', 'the pool was made that small');
    }
    const trouble = faults?.invocation(name);
    if (trouble === 'throttle') {
      const reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
      throw new ThrottledError(reason, `${name} was to be throttled`);
    }
    return trouble;
  }

  #createSandbox(version: FunctionVersion, owner: SandboxOwner, place: number): Sandbox {
    const { name, codeDir, memoryMb, timeoutSeconds } = version.definition;
    const { log, logAccess: access } = this.#options;
    this.#stats.of(name).sandboxesStarted += 1;
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
    const logStream = `${day}/[${version.version}]${randomUUID().replaceAll('-', '')}`;
    const output = outputOf({ log, region: this.#region, access }, version, logStream);
    return new Sandbox(
      {
        command: commandOf(version, this.#interpreterOf),
        directory: codeDir,
        environment: sandboxEnvironment(version, this.#region, this.#options.environment ?? {}, logStream),
        timeoutMs: timeoutSeconds * 1000,
        initTimeoutMs: this.#options.initTimeoutMs ?? 10_000,
        memoryMb,
        nice: niceOf(place),
        startDelayMs: this.#options.faults?.startDelayMs(name) ?? 0,
        api: this.#api,
        reaper: this.#reaper,
        output,
        ...(this.#options.reports ? { report: (report) => output(reportLine(report)) } : {}),
      },
      owner,
    );
  }

  readonly #interpreterOf = (runtime: string): string =>
    this.#options.interpreterOf?.(runtime) ?? this.interpreters.of(runtime).file;
}

/** X-Ray header from the request id's random digits, unsampled. */
function traceIdOf(requestId: string): string {
  const digits = requestId.replaceAll('-', '');
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${digits.slice(0, 24)};Parent=${digits.slice(16)};Sampled=0`;
}
