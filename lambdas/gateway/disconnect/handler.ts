import { readEnvironment, readSwitch } from '../../contract/environment';
import { causeOf, log } from '../../contract/log';
import { JsonService } from '../core/adapters/aws/json-service';
import { SqsWakeQueue } from '../core/adapters/sqs-queues';
import { REDIS_VARIABLES, storesOf, withDepartures } from '../core/adapters/state';
import { systemClock } from '../core/clock';

const environment = readEnvironment([
  'ENVIRONMENT',
  ...REDIS_VARIABLES,
  'WAKES_QUEUE_URL',
  'CONNECTION_EVENTS',
]);
const { departures } = withDepartures(
  storesOf(environment, new JsonService('secretsmanager'), systemClock, log),
  {
    wakes: new SqsWakeQueue(new JsonService('sqs'), environment.WAKES_QUEUE_URL),
    connectionEvents: readSwitch(environment, 'CONNECTION_EVENTS'),
    clock: systemClock,
    log,
  },
);

interface DisconnectEvent {
  readonly requestContext: { readonly connectionId: string };
}

/**
 * `$disconnect`: a hint that may be lost, late, early or repeated. Members that it leaves behind are found by their 410 and
 * end with their keys.
 */
export async function handler(event: DisconnectEvent): Promise<{ readonly statusCode: 200 | 503 }> {
  const connection = event.requestContext.connectionId;
  try {
    await departures.depart(connection);
    return { statusCode: 200 };
  } catch (error) {
    log('warn', 'clean-up of a closed connection failed', { connection, ...causeOf(error) });
    return { statusCode: 503 };
  }
}
