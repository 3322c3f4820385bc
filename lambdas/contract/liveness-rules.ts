import { readNumbers } from './environment';

/** When the gateway does something about a connection that does nothing itself. Seconds. */
export interface LivenessRules {
  /** What a connect reply tells the client: silence for longer means that the connection is dead. 0: it is told nothing. */
  readonly pingSeconds: number;
  /** A connection to which nothing was posted for so long gets an empty message. */
  readonly keepAliveSeconds: number;
  /** Age at which a connection is asked to reconnect, more or less; see `PLANNED_SPREAD`. */
  readonly plannedReconnectSeconds: number;
  /** How long a connection may stay without a connect command that was accepted. */
  readonly pendingSeconds: number;
}

/** Variable of a function, as JSON. */
export const LIVENESS = 'LIVENESS';

const NAMES = [
  'pingSeconds',
  'keepAliveSeconds',
  'plannedReconnectSeconds',
  'pendingSeconds',
] as const satisfies readonly (keyof LivenessRules)[];

/** Reads the rules from a function's environment. Throws EnvironmentError. */
export function readLiveness(environment: { readonly LIVENESS: string }): LivenessRules {
  return readNumbers(environment, LIVENESS, NAMES);
}

/**
 * Planned reconnects are spread over this part of the age, before and after it, so that connections which began together
 * do not end together.
 */
export const PLANNED_SPREAD = 0.05;

/** API Gateway: a connection without a message in either direction for so long is closed, and so is one of this age. */
export const IDLE_LIMIT_SECONDS = 10 * 60;
export const LIFE_LIMIT_SECONDS = 2 * 3600;
