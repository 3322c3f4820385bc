import { execFileSync } from 'node:child_process';

/** Process ids of the sandboxes of a function, by the name that stands on their command line. */
export function sandboxPids(functionName: string): number[] {
  const rows = execFileSync('ps', ['-axo', 'pid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return rows
    .map((row) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(row))
    .filter(
      (match) => match?.[2]?.startsWith('Z') === false && match[3]?.endsWith(`bootstrap.cjs ${functionName}`),
    )
    .map((match) => Number(match?.[1]));
}
