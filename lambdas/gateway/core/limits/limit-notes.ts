import type { Log } from '../ports';
import { LIMITS, type Limit, type LimitName } from './limits';

/** Notes that a client met a limit; `fields` are facts for the log line. */
export type NoteLimit = (name: LimitName, fields: Readonly<Record<string, unknown>>) => void;

export const METRIC_NAMESPACE = 'Holdfast';

/**
 * Notes by log lines that CloudWatch counts: its embedded metric format, one line for log and metric
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 */
export function limitNotes(environment: string, log: Log, now: () => number = Date.now): NoteLimit {
  return (name, fields) => {
    const { metric }: Limit = LIMITS[name];
    log('warn', 'limit reached', {
      ...fields,
      limit: name,
      ...(metric && counted(metric, environment, now())),
    });
  };
}

function counted(metric: string, environment: string, now: number) {
  return {
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [['Environment']],
          Metrics: [{ Name: metric, Unit: 'Count' }],
        },
      ],
    },
    Environment: environment,
    [metric]: 1,
  };
}
