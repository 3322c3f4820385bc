import { log } from '../contract/log';

const NAMESPACE = 'Holdfast';

/** What a metric is of. */
export interface Measured {
  readonly environment: string;
  readonly service: string;
  /** Facts for the line: method or kind, trace. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/**
 * Counts an event and times its handler, by one log line in CloudWatch's embedded metric format. A handler that answers with an
 * error has done its work; one that throws anything else has failed.
 */
export async function measured<Result>(of: Measured, work: () => Promise<Result>): Promise<Result> {
  const startedAt = Date.now();
  try {
    const result = await work();
    note(of, startedAt, 0);
    return result;
  } catch (error) {
    note(of, startedAt, 1);
    throw error;
  }
}

function note({ environment, service, facts }: Measured, startedAt: number, failures: number): void {
  const now = Date.now();
  log('info', 'event handled', {
    ...facts,
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [
        {
          Namespace: NAMESPACE,
          Dimensions: [['Environment', 'Service']],
          Metrics: [
            { Name: 'ServiceDuration', Unit: 'Milliseconds' },
            { Name: 'ServiceFailures', Unit: 'Count' },
          ],
        },
      ],
    },
    Environment: environment,
    Service: service,
    ServiceDuration: now - startedAt,
    ServiceFailures: failures,
  });
}
