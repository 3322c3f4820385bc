import type { LogAccess } from '../iam/log-access';
import type { RuntimeLog } from '../ports';
import type { FunctionVersion } from './function-version';

export interface FunctionOutput {
  readonly log: RuntimeLog;
  readonly region: string;
  /** Decides whether a role may write its function's log. @default every role may */
  readonly access?: Pick<LogAccess, 'problem'> | undefined;
}

/** Where the lines of a new sandbox go: nowhere, if its role may not write them. */
export function outputOf(
  { log, region, access }: FunctionOutput,
  { definition }: FunctionVersion,
  stream: string,
): (line: string) => void {
  const { name, principal, logGroup = `/aws/lambda/${name}` } = definition;
  const problem = access?.problem({
    region,
    roleArn: principal.arn,
    functionName: name,
    group: logGroup,
    stream,
  });
  if (problem === undefined) return (line) => log.output(name, line);
  log.warn(name, `its lines are lost, as on AWS: ${problem}`);
  return () => undefined;
}
