import { randomUUID } from 'node:crypto';
import { type BusEvent, type EventOrigin, isoSeconds } from './put-events';

export interface ScheduledEventOptions {
  readonly origin: EventOrigin;
  readonly source: 'aws.events' | 'aws.scheduler';
  /** ARN of the rule or schedule. */
  readonly resource: string;
  /** When it was due, in milliseconds since the epoch. */
  readonly due: number;
  readonly detail: object | string;
}

/** The event of a schedule that has come due. */
export function scheduledEvent({ origin, source, resource, due, detail }: ScheduledEventOptions): BusEvent {
  const id = randomUUID();
  const value = {
    version: '0',
    id,
    'detail-type': 'Scheduled Event',
    source,
    account: origin.account,
    time: isoSeconds(new Date(due)),
    region: origin.region,
    resources: [resource],
    detail,
  };
  return { id, text: JSON.stringify(value), value, time: due, ingestedAt: Date.now() };
}
