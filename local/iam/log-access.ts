import { LOCAL_ACCOUNT } from '../ports';
import type { AccessControl } from './access-control';
import type { RoleCaller } from './request';

export interface FunctionLog {
  readonly region: string;
  /** Role under which Lambda writes. */
  readonly roleArn: string;
  readonly functionName: string;
  readonly group: string;
  readonly stream: string;
}

const ACTIONS = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** Lambda writes what a function prints under the function's role; a role that may not write loses it. */
export class LogAccess {
  readonly #access: AccessControl;

  constructor(access: AccessControl) {
    this.#access = access;
  }

  /** Why the lines of a sandbox are lost; undefined where they are not. */
  problem({ region, roleArn, functionName, group, stream }: FunctionLog): string | undefined {
    const caller: RoleCaller = { kind: 'role', roleArn, session: functionName };
    const resource = `arn:aws:logs:${region}:${LOCAL_ACCOUNT}:log-group:${group}:log-stream:${stream}`;
    try {
      for (const action of ACTIONS) this.#access.require(caller, { action, resource });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
