import { readNumbers } from './environment';

/** Rates and counts that the gateway holds clients to. */
export interface LimitRules {
  /** Handshakes a second from one network (an IPv4 address, or a /64 of IPv6), and how many may come at once. */
  readonly connectsPerSecond: number;
  readonly connectBurst: number;
  /** Connections of one user at the same time. */
  readonly connectionsPerUser: number;
  /** Commands a second of one connection, and how many may come at once. */
  readonly commandsPerSecond: number;
  readonly commandBurst: number;
  /** Commands a second of one user's connections together. */
  readonly commandsPerSecondOfUser: number;
  /** Posts a second to all connections. */
  readonly postsPerSecond: number;
}

/** Variable of a function, as JSON. */
export const LIMITS = 'LIMITS';

const NAMES = [
  'connectsPerSecond',
  'connectBurst',
  'connectionsPerUser',
  'commandsPerSecond',
  'commandBurst',
  'commandsPerSecondOfUser',
  'postsPerSecond',
] as const satisfies readonly (keyof LimitRules)[];

/** Reads the rules from a function's environment. Throws EnvironmentError. */
export function readLimits(environment: { readonly LIMITS: string }): LimitRules {
  return readNumbers(environment, LIMITS, NAMES);
}
