import { readEnvironment, readSwitch } from '../../contract/environment';
import { readLimits } from '../../contract/limit-rules';
import { log } from '../../contract/log';
import { cachedApiKeys } from '../core/adapters/api-keys';
import { JsonService } from '../core/adapters/aws/json-service';
import { SignedPoster } from '../core/adapters/aws/signed-poster';
import { SqsRequestDeadLetters } from '../core/adapters/request-dead-letters';
import { SqsDeliveryQueue, SqsWakeQueue } from '../core/adapters/sqs-queues';
import { fetchRegistryEntries } from '../core/adapters/ssm-registry';
import { REDIS_VARIABLES, scriptsOf, storesOn, withDepartures } from '../core/adapters/state';
import { CachedRegistry } from '../core/channels/cached-registry';
import { systemClock } from '../core/clock';
import { CountedPoster } from '../core/limits/counted-poster';
import { PostCount } from '../core/limits/post-count';
import { isBusEvent, serveBus } from '../core/server-api/bus';
import { ClientActions } from '../core/server-api/client-actions';
import { type HttpResult, httpRequestOf, serveHttp } from '../core/server-api/http';
import { RedisApiStore } from '../core/server-api/redis-store';
import { ServerApi } from '../core/server-api/server-api';

const environment = readEnvironment([
  'ENVIRONMENT',
  ...REDIS_VARIABLES,
  'API_KEY_SECRET_ARN',
  'CALLBACK_URL',
  'CONNECTION_EVENTS',
  'DELIVERIES_QUEUE_URL',
  'LIMITS',
  'REQUEST_DEAD_LETTERS_QUEUE_URL',
  'SERVICES_PARAMETER_PATH',
  'SUBSCRIPTIONS_PER_CONNECTION',
  'WAKES_QUEUE_URL',
]);
const clock = systemClock;
const secrets = new JsonService('secretsmanager');
const sqs = new JsonService('sqs');
const ssm = new JsonService('ssm');
const scripts = scriptsOf(environment, secrets, clock, log);
const wakes = new SqsWakeQueue(sqs, environment.WAKES_QUEUE_URL);
const stores = withDepartures(
  storesOn(
    scripts,
    clock,
    {
      maxSubscriptions: Number(environment.SUBSCRIPTIONS_PER_CONNECTION),
      postsPerSecond: readLimits(environment).postsPerSecond,
    },
    log,
  ),
  {
    wakes,
    connectionEvents: readSwitch(environment, 'CONNECTION_EVENTS'),
    clock,
    log,
  },
);
// Replies and pushes of a connection's own state: all of them bear a repeat.
const poster = new SignedPoster({ callbackUrl: environment.CALLBACK_URL, attempts: 3, log });
const store = new RedisApiStore(scripts, stores.channels, clock);
const actions = new ClientActions({
  ...stores,
  store,
  poster: new CountedPoster(poster, new PostCount(stores.budget)),
  wakes,
  clock,
  log,
});
const api = new ServerApi({
  registry: new CachedRegistry(
    () => fetchRegistryEntries(ssm, environment.SERVICES_PARAMETER_PATH),
    clock,
    log,
  ),
  deliveries: new SqsDeliveryQueue(sqs, environment.DELIVERIES_QUEUE_URL),
  logs: store,
  receipts: stores.receipts,
  presence: stores.roster,
  users: store,
  actions,
  revocations: actions,
  census: store,
  // Of the replies to rpcs, which were counted when these were accepted.
  poster,
  environment: environment.ENVIRONMENT,
  clock,
  log,
});
const deadLetters = new SqsRequestDeadLetters(sqs, environment.REQUEST_DEAD_LETTERS_QUEUE_URL);
const keys = cachedApiKeys(secrets, environment.API_KEY_SECRET_ARN, clock, log);

/** Neither a request of the HTTP API nor an event of the bus. */
class UnknownEventError extends Error {
  override readonly name = 'UnknownEventError';

  constructor() {
    super('event: expected one of the HTTP API or of the bus, got another');
  }
}

/** The server API: HTTP requests, and events of the bus, which rejects where they have to come again. */
export async function handler(event: unknown): Promise<HttpResult | undefined> {
  if (isBusEvent(event)) {
    await serveBus({ api, deadLetters, clock, log }, event);
    return undefined;
  }
  const request = httpRequestOf(event);
  if (request === undefined) throw new UnknownEventError();
  return serveHttp({ api, keys, clock, log }, request);
}
