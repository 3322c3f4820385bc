import os from 'node:os';
import path from 'node:path';
import type { EnvironmentSource, FunctionVersion } from './function-version';

/** What a sandbox executes. */
export interface SandboxCommand {
  readonly file: string;
  readonly arguments: readonly string[];
}

export class UnsupportedRuntimeError extends Error {
  override readonly name = 'UnsupportedRuntimeError';

  constructor(functionName: string, runtime: string) {
    super(`Function ${functionName}: expected a runtime nodejs*, python3.* or provided*, got '${runtime}'`);
  }
}

/**
 * @param interpreterOf file that runs the functions of a runtime
 * @throws UnsupportedRuntimeError, and what `interpreterOf` throws
 */
export function commandOf(
  { definition }: FunctionVersion,
  interpreterOf: (runtime: string) => string,
): SandboxCommand {
  const { runtime, codeDir, memoryMb, name } = definition;
  if (runtime.startsWith('provided')) return { file: path.join(codeDir, 'bootstrap'), arguments: [] };
  // The name is for people who read `ps`.
  if (runtime.startsWith('python3.')) {
    // The code of a function is read-only on AWS: nothing is written beside it.
    const options = ['-u', '-B'];
    return {
      file: interpreterOf(runtime),
      arguments: [...options, path.join(__dirname, 'bootstrap.py'), name],
    };
  }
  if (!runtime.startsWith('nodejs')) throw new UnsupportedRuntimeError(name, runtime);
  return {
    file: interpreterOf(runtime),
    arguments: [`--max-old-space-size=${memoryMb}`, path.join(__dirname, 'bootstrap.cjs'), name],
  };
}

/**
 * Environment of a sandbox, as
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime lists it.
 * Of the developer's own environment only what a process cannot run without: what works here must not depend on it.
 * @param extra set by the local runtime for all functions (endpoint, certificates); wins over the function's own
 */
export function sandboxEnvironment(
  { definition, version }: FunctionVersion,
  region: string,
  extra: EnvironmentSource,
  logStreamName: string,
): Record<string, string> {
  const { name, memoryMb, handler, codeDir, runtime, environment, principal } = definition;
  const { logGroup = `/aws/lambda/${name}` } = definition;
  return {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    // Not the developer's home: ~/.aws/config there would change what the SDK does.
    HOME: os.tmpdir(),
    TMPDIR: os.tmpdir(),
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    ...(typeof environment === 'function' ? environment() : environment),
    ...(typeof extra === 'function' ? extra() : extra),
    _HANDLER: handler,
    AWS_ACCESS_KEY_ID: principal.accessKeyId,
    AWS_SECRET_ACCESS_KEY: principal.secretAccessKey,
    AWS_SESSION_TOKEN: principal.sessionToken,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStreamName,
    LAMBDA_TASK_ROOT: codeDir,
    LAMBDA_RUNTIME_DIR: __dirname,
  };
}
