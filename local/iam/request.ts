/** Values of condition keys. */
export interface RequestContext {
  /** @param key in lower case. Undefined where the request does not carry it. */
  get(key: string): readonly string[] | undefined;
}

/** A role session: code under the credentials of a role, or a service that acts with the role. */
export interface RoleCaller {
  readonly kind: 'role';
  readonly roleArn: string;
  /** Name of the session; of a function's own code, the function's name. */
  readonly session: string;
  /** Function whose code calls; absent where a service acts with the role. */
  readonly sourceFunctionArn?: string | undefined;
}

/** A service that acts in its own name, for something of this account. */
export interface ServiceCaller {
  readonly kind: 'service';
  /** `events.amazonaws.com` */
  readonly service: string;
  /** What it acts for: a rule, a route. Absent where the service does not tell. */
  readonly sourceArn?: string | undefined;
}

export type Caller = RoleCaller | ServiceCaller;

/** What an action needs: the action itself on one resource. */
export interface Need {
  /** `sqs:SendMessage` */
  readonly action: string;
  /** ARN, or `*` for actions that know no resource. */
  readonly resource: string;
  /** Values of the service's own condition keys. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** How the service words the action in its error. @default the action */
  readonly actionText?: string;
  /** How the service words the resource in its error. @default the resource */
  readonly resourceText?: string;
}

/** ARN of a role session, as errors and STS show it: without the role's path. */
export function sessionArn(roleArn: string, session: string): string {
  const [, account = '', name = ''] = /^arn:aws:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? [];
  return `arn:aws:sts::${account}:assumed-role/${name}/${session}`;
}
