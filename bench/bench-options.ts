/** What a bench may do beside measuring. */
export interface BenchOptions {
  /** Write what was measured into `docs/`. */
  readonly write: boolean;
}
