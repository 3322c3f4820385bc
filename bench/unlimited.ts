/** Parts of ingress for benches: none measures a limit. */
export const UNLIMITED = {
  limits: { commandsPerSecond: 1_000_000, commandBurst: 1_000_000, commandsPerSecondOfUser: 1_000_000 },
  noteLimit: () => undefined,
  pingSeconds: 0,
  postCount: { add: () => undefined },
} as const;
