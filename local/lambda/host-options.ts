import type { Faults } from '../faults/faults';
import type { LogAccess } from '../iam/log-access';
import type { RuntimeLog, TargetRouter } from '../ports';
import type { EnvironmentSource } from './function-version';

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
  /** Most sandboxes at a time, all functions together. @default 50: 40 MB each, and two cores do no more */
  readonly maxSandboxes?: number;
  /** Most synchronous invocations that wait for a sandbox; the next is throttled. @default 1000 */
  readonly maxWaiting?: number;
  /** Most sandboxes of a function that start at the same time. @default number of cores, at least 2 */
  readonly maxStarting?: number;
  /** Whether the machine has CPU over for further sandboxes of a function that has some. @default measured */
  readonly spareCpu?: () => boolean;
  /** An unused sandbox ends after this. @default 5 minutes */
  readonly idleMs?: number;
  /** A sandbox must poll for work within this. @default 30 s; AWS: 10 s, but a laptop may be busy */
  readonly initTimeoutMs?: number;
  /** Wait before retry 1 and 2 of an asynchronous invocation. @default 60 s and 120 s, as on AWS */
  readonly retryDelayMs?: (retry: number) => number;
  /** Executable for a `nodejs*` runtime. @default the Node that runs this */
  readonly nodeBinary?: (runtime: string) => string;
}
