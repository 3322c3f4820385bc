import { execFileSync } from 'node:child_process';

/**
 * Process ids of the sandboxes of a function, by the name that stands on their command line. Only those of the stack that was
 * started for the tests: another one on this machine has functions of the same names.
 */
export function sandboxPids(functionName: string): number[] {
  const stack = process.env['HOLDFAST_TEST_STACK_PID'];
  const rows = execFileSync('ps', ['-axo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return rows
    .map((row) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(row))
    .filter(
      (match) =>
        match?.[2] === stack &&
        match?.[3]?.startsWith('Z') === false &&
        match[4]?.endsWith(`bootstrap.cjs ${functionName}`),
    )
    .map((match) => Number(match?.[1]));
}
