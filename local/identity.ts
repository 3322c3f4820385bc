import { createHash, randomBytes } from 'node:crypto';
import { sessionArn } from './iam/request';
import { LOCAL_ACCOUNT, type Principal } from './ports';

/** Unique id of a role as IAM and SQS show it (`AROA` and 16 characters), the same in every run. */
export function roleId(roleArn: string): string {
  return `AROA${hash(roleArn)}`;
}

/** How a principal shows itself: a role session as `assumed-role/<role>/<session>`, the root by its own ARN. */
export function shownArn({ arn, senderId }: Pick<Principal, 'arn' | 'senderId'>): string {
  return arn.includes(':role/') ? sessionArn(arn, senderId.slice(senderId.indexOf(':') + 1)) : arn;
}

/** Who may call the AWS endpoint: one principal for each function's role session, and the root for everyone else. */
export class Identities {
  readonly #byAccessKey = new Map<string, Principal>();
  readonly #root: Principal = {
    accessKeyId: 'local',
    secretAccessKey: 'local',
    sessionToken: '',
    arn: `arn:aws:iam::${LOCAL_ACCOUNT}:root`,
    senderId: LOCAL_ACCOUNT,
  };

  /**
   * Credentials of a role session. The same name and role give the same principal again, so that the sandboxes of one
   * function share theirs.
   * @param functionArn where the session is that of a function's code
   */
  issue(name: string, roleArn: string, functionArn?: string): Principal {
    const accessKeyId = `ASIA${hash(`${roleArn} ${name}`)}`;
    const known = this.#byAccessKey.get(accessKeyId);
    if (known) return known;
    const principal: Principal = {
      accessKeyId,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(48).toString('base64'),
      arn: roleArn,
      senderId: `${roleId(roleArn)}:${name}`,
      ...(functionArn === undefined ? {} : { functionArn }),
    };
    this.#byAccessKey.set(accessKeyId, principal);
    return principal;
  }

  /** Whoever comes with credentials that were not issued here: a developer's AWS CLI, our own tools. */
  root(): Principal {
    return this.#root;
  }

  find(accessKeyId: string): Principal | undefined {
    return accessKeyId === this.#root.accessKeyId ? this.#root : this.#byAccessKey.get(accessKeyId);
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16).toUpperCase();
}
