import type { Faults } from '../faults/faults';
import type { LogAccess } from '../iam/log-access';
import type { RuntimeLog, TargetRouter } from '../ports';
import type { EnvironmentSource } from './function-version';
import type { Interpreters } from './interpreters';

export interface LambdaHostOptions {
  readonly log: RuntimeLog;
  /** Where destinations and dead letters of asynchronous invocations go. */
  readonly targets: TargetRouter;
  /** @default us-east-1 */
  readonly region?: string;
  /** @default 000000000000 */
  readonly account?: string;
  /** Set for every function, before its own: endpoint, certificates. Read at each start of a sandbox. @default none */
  readonly environment?: EnvironmentSource;
  /** Decides whether what a function prints gets into its log. @default always */
  readonly logAccess?: Pick<LogAccess, 'problem'>;
  /** What goes wrong on request. @default nothing */
  readonly faults?: Pick<Faults, 'invocation' | 'hasRoom' | 'startDelayMs'>;
  /** Of the account: invocations at a time of all functions, from which reservations are taken. @default 1000 */
  readonly concurrency?: number;
  /** Most sandboxes at a time, all functions together; further invocations wait for one. @default 50, or the concurrency if that is less */
  readonly maxSandboxes?: number;
  /** Most sandboxes of a function that start at the same time. @default number of cores, at least 2 */
  readonly maxStarting?: number;
  /** Whether the machine has CPU over for further sandboxes of a function that has some. @default measured */
  readonly spareCpu?: () => boolean;
  /** An unused sandbox ends after this. @default 5 minutes */
  readonly idleMs?: number;
  /** Whether functions' logs get a `REPORT` line for each invocation. @default false */
  readonly reports?: boolean;
  /** A sandbox must poll for work within this, or it is started anew with the function's timeout. @default 10 s, as on AWS */
  readonly initTimeoutMs?: number;
  /** Wait before retry 1 and 2 of an asynchronous invocation. @default 60 s and 120 s, as on AWS */
  readonly retryDelayMs?: (retry: number) => number;
  /** What runs functions on this machine. @default found as `Interpreters` does */
  readonly interpreters?: Interpreters;
  /** File that runs the functions of a runtime. @default of `interpreters` */
  readonly interpreterOf?: (runtime: string) => string;
}
