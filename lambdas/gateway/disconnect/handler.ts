import { secretsManagerClient } from '../../contract/aws-clients';
import { readEnvironment } from '../../contract/environment';
import { causeOf, log } from '../../contract/log';
import { REDIS_VARIABLES, storesOf } from '../core/adapters/state';
import { systemClock } from '../core/clock';

const environment = readEnvironment(['ENVIRONMENT', ...REDIS_VARIABLES]);
const { departures } = storesOf(environment, secretsManagerClient(), systemClock, log);

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
