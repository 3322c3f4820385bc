import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '../../lambdas/contract/json';
import { LOCAL_ACCOUNT } from '../ports';
import { ProgramFailedError, type ProgramRun, runProgram } from './run-program';

/** A CDK app cannot be synthesized; the message says whose and why. */
export class SynthError extends Error {
  override readonly name = 'SynthError';
}

export interface Synthesis {
  readonly environment: string;
  readonly outputDirectory: string;
  /** Ends the app and the bundler below it. */
  readonly signal: AbortSignal;
}

/**
 * Synthesizes the platform as `cdk synth` does, but without the CLI and without the validation plugins, which `npm test` runs: they
 * cost seconds, and a template that is being worked on may fail them.
 * @throws SynthError
 */
export function synthesizePlatform(
  root: string,
  synthesis: Synthesis & { readonly configFile?: string },
): Promise<void> {
  const { environment, outputDirectory, signal, configFile } = synthesis;
  return runApp('the platform', {
    command: [process.execPath, '--import', 'tsx', join('bin', 'holdfast.ts')],
    directory: root,
    environment: {
      CDK_OUTDIR: outputDirectory,
      CDK_VALIDATION: 'false',
      HOLDFAST_ENV: environment,
      ...(configFile === undefined ? {} : { HOLDFAST_CONFIG: configFile }),
    },
    signal,
  });
}

/**
 * Synthesizes the app of another team by the command of its `cdk.json`. It is told the environment as `cdk synth -c env=NAME`
 * would tell it.
 * @throws SynthError
 */
export async function synthesizeApp(
  directory: string,
  synthesis: Synthesis & { readonly region: string },
): Promise<void> {
  const { environment, outputDirectory, signal, region } = synthesis;
  const { app, context } = readCdkJson(directory);
  const all = { 'aws:cdk:enable-path-metadata': true, ...context, env: environment };
  await runApp(`the app in ${directory}`, {
    command: app,
    directory,
    environment: {
      CDK_OUTDIR: outputDirectory,
      CDK_CONTEXT_JSON: JSON.stringify(all),
      CDK_DEFAULT_ACCOUNT: LOCAL_ACCOUNT,
      CDK_DEFAULT_REGION: region,
    },
    signal,
  });
}

async function runApp(whose: string, run: ProgramRun): Promise<void> {
  try {
    await runProgram(run);
  } catch (cause) {
    if (!(cause instanceof ProgramFailedError)) throw cause;
    throw new SynthError(`${whose} cannot be synthesized:\n${cause.message}`, { cause });
  }
}

function readCdkJson(directory: string): { readonly app: string; readonly context: object } {
  const file = join(directory, 'cdk.json');
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new SynthError(`${file}: expected JSON, got ${got}`, { cause });
  }
  const { app, context } = isJsonObject(parsed) ? parsed : {};
  if (typeof app !== 'string' || app.trim() === '') {
    throw new SynthError(`${file}: expected a command as its member app, got ${JSON.stringify(app)}`);
  }
  return { app, context: isJsonObject(context) ? context : {} };
}
