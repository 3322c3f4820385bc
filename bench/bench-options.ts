/** What a bench may do beside measuring. */
export interface BenchOptions {
  /** Write what was measured into `docs/`. */
  readonly write: boolean;
  /** How long it runs, for those that run for long. */
  readonly minutes?: number;
}
