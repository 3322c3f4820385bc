/** The test kit: what a team's own tests start the local runtime with. */
export type { FaultInput, FaultKind } from '../faults/kinds';
export { ControlClient, ControlRefusedError, type RedisAction, type TokenClaims } from './control-client';
export { HoldfastStartError, HoldfastStopError } from './runtime-process';
export { type Holdfast, type HoldfastOptions, startHoldfast } from './start-holdfast';
