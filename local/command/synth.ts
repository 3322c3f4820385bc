import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The CDK app failed; the message holds what it printed. */
export class SynthError extends Error {
  override readonly name = 'SynthError';
}

/**
 * Synthesizes the app of `cdk.json` into a cloud assembly, as `cdk synth` does but without the CLI and without the
 * validation plugins, which `npm test` runs: they cost seconds and a template that is being worked on may fail them.
 */
export async function synthesize(options: {
  readonly root: string;
  readonly environment: string;
  readonly outputDirectory: string;
  readonly configFile?: string;
  /** Ends the app and the bundler below it. */
  readonly signal: AbortSignal;
}): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', join('bin', 'holdfast.ts')], {
    cwd: options.root,
    env: {
      ...process.env,
      CDK_OUTDIR: options.outputDirectory,
      CDK_VALIDATION: 'false',
      HOLDFAST_ENV: options.environment,
      ...(options.configFile === undefined ? {} : { HOLDFAST_CONFIG: options.configFile }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that an abort reaches the bundler as well.
    detached: true,
  });
  const abort = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  options.signal.addEventListener('abort', abort);
  const printed: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => options.signal.removeEventListener('abort', abort));
  if (code !== 0) throw new SynthError(printed.join('').trim() || `the CDK app ended with code ${code}`);
}
