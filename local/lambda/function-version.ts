import type { Principal } from '../ports';

export type Environment = Readonly<Record<string, string>>;
/** Given as a function where values are known only once other resources exist; read at each start of a sandbox. */
export type EnvironmentSource = Environment | (() => Environment);

export interface FunctionDefinition {
  readonly name: string;
  /** Directory with the unpacked code. */
  readonly codeDir: string;
  /** `file.export`, as in the template. */
  readonly handler: string;
  /** `nodejs*`, `python3.*`: run by a bootstrap of ours. `provided*`: the executable `bootstrap` in `codeDir` is the runtime. */
  readonly runtime: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment: EnvironmentSource;
  /** Whose credentials the function gets. */
  readonly principal: Principal;
  /** Name of the log group. @default `/aws/lambda/` and the function's name */
  readonly logGroup?: string | undefined;
  /** Most sandboxes at a time; 0 switches the function off. @default none */
  readonly reservedConcurrency?: number | undefined;
  /** Queue or topic for events that asynchronous invocation gave up on (`DeadLetterConfig`). @default none */
  readonly deadLetterArn?: string | undefined;
}

/** A function's code and configuration under one version; immutable. */
export interface FunctionVersion {
  readonly definition: FunctionDefinition;
  /** `$LATEST` or a number. */
  readonly version: string;
}

export const LATEST = '$LATEST';
