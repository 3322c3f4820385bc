/** What a construct has to know of the environment that it is in. */
export interface EnvironmentConfig {
  /** Ends in stack names, stage names, SSM names and the cache user's id. */
  readonly environment: string;
  /** What `cdk destroy` does to secrets, tables, logs, archive and queues. */
  readonly removal: 'destroy' | 'retain';
}
