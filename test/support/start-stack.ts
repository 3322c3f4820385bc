import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Holdfast, startHoldfast } from '../../local/kit';
import { TARGET_VARIABLE, type Target } from './target';

/** What stop-stack ends; jest runs both in one process, each with modules of its own. */
declare global {
  var holdfastOfTests: Holdfast | undefined;
}

/** Starts the stack, unless a target is given, and hands its coordinates to the tests. */
export default async function startStack(): Promise<void> {
  if (process.env[TARGET_VARIABLE]) return;
  const holdfast = await startHoldfast();
  globalThis.holdfastOfTests = holdfast;
  const { environment, websocketUrl, callbackUrl, serverApiUrl, region, awsEndpointUrl, logFile, directory } =
    holdfast;
  const target: Target = {
    environment,
    websocketUrl,
    callbackUrl,
    serverApiUrl,
    region,
    awsEndpointUrl,
    logFile,
    directory,
  };
  const targetFile = join(directory, 'target.json');
  writeFileSync(targetFile, JSON.stringify(target));
  process.env[TARGET_VARIABLE] = targetFile;
  process.env['HOLDFAST_TEST_STACK_PID'] = String(holdfast.pid);
}
