import { endStack } from './launch-stack';
import { readTarget } from './target';

/** Ends the stack that start-stack started. */
export default async function stopStack(): Promise<void> {
  const pid = Number(process.env['HOLDFAST_TEST_STACK_PID']);
  if (!pid) return;
  await endStack(pid, readTarget().directory);
}
