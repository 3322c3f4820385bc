import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface ServiceAlarmsProps {
  readonly serviceName: string;
  readonly environment: string;
  readonly function: IFunction;
  readonly deadLetters: readonly IQueue[];
}

const PERIOD = Duration.minutes(1);

/** One failure a minute may be a bad call; several minutes of them are a bad service. */
const MINUTES = 3;

/** Alarms on what a service's team has to look at. They have no actions: who is told is the team's own. */
export class ServiceAlarms extends Construct {
  private readonly name: string;

  constructor(scope: Construct, id: string, props: ServiceAlarmsProps) {
    super(scope, id);
    this.name = `${props.environment}-holdfast-service-${props.serviceName}`;
    const { function: handler } = props;
    const sum = { period: PERIOD, statistic: 'Sum' };
    this.alarm('Errors', 'errors', 'Invocations fail', handler.metricErrors(sum), MINUTES);
    this.alarm(
      'Throttles',
      'throttles',
      'Invocations are refused: concurrency is used up',
      handler.metricThrottles(sum),
      MINUTES,
    );
    for (const [index, queue] of props.deadLetters.entries()) {
      const most = queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: 'Maximum' });
      const suffix = index === 0 ? '' : String(index + 1);
      this.alarm(`DeadLetters${suffix}`, `dead-letters${suffix}`, 'Events were put aside', most, 1);
    }
  }

  private alarm(id: string, suffix: string, description: string, metric: IMetric, minutes: number): void {
    new Alarm(this, id, {
      alarmName: `${this.name}-${suffix}`,
      alarmDescription: description,
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: minutes,
      datapointsToAlarm: minutes,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
