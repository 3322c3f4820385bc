/** Minutes of the clock of schedules and of WebSocket limits are seconds. */
export const TIME_SCALE = 60;

/** Everything that the platform can be asked to do, so that every grant has somebody who needs it. */
export const CONFIGURATION = {
  connectionEvents: true,
  namespaces: { hall: { presence: true, lifecycle: true } },
  // Below the idle limit of ten seconds; a client that connects has to be done before it counts as silent.
  liveness: { pingSeconds: 4, keepAliveSeconds: 3, pendingSeconds: 5 },
} as const;
