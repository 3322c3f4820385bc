import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launchStack } from './launch-stack';
import { TARGET_VARIABLE } from './target';

/** Above the default ports, so that a stack in use does not have to move. */
const BASE_PORT = 4500;

/** Starts the stack, unless a target is given, and hands its coordinates to the tests. */
export default async function startStack(): Promise<void> {
  if (process.env[TARGET_VARIABLE]) return;
  const { pid, target } = await launchStack({ name: `test-${process.pid}`, basePort: BASE_PORT });
  const targetFile = join(target.directory ?? '', 'target.json');
  writeFileSync(targetFile, JSON.stringify(target));
  process.env[TARGET_VARIABLE] = targetFile;
  process.env['HOLDFAST_TEST_STACK_PID'] = String(pid);
}
