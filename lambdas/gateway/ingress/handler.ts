import { readEnvironment, readOptional, readSwitch } from '../../contract/environment';
import { readLimits } from '../../contract/limit-rules';
import { readLiveness } from '../../contract/liveness-rules';
import { log } from '../../contract/log';
import { JsonService } from '../core/adapters/aws/json-service';
import { SignedPoster } from '../core/adapters/aws/signed-poster';
import { EventBridgeBus } from '../core/adapters/event-bridge-bus';
import { cachedSecret, cachedSigningKey } from '../core/adapters/secrets';
import { SqsDeliveryQueue, SqsWakeQueue } from '../core/adapters/sqs-queues';
import { fetchRegistryEntries } from '../core/adapters/ssm-registry';
import { REDIS_VARIABLES, storesOf, withDepartures } from '../core/adapters/state';
import { tokensOf } from '../core/adapters/tokens';
import { CachedRegistry } from '../core/channels/cached-registry';
import { systemClock } from '../core/clock';
import { Ingress } from '../core/commands/ingress';
import { Checkup } from '../core/connections/checkup';
import { CountedPoster } from '../core/limits/counted-poster';
import { limitNotes } from '../core/limits/limit-notes';
import { PostCount } from '../core/limits/post-count';

const environment = readEnvironment([
  'ENVIRONMENT',
  ...REDIS_VARIABLES,
  'TOKEN_RULES',
  'SIGNING_SECRET_ARN',
  'BUS_NAME',
  'DELIVERIES_QUEUE_URL',
  'WAKES_QUEUE_URL',
  'CALLBACK_URL',
  'SERVICES_PARAMETER_PATH',
  'RPC_TIMEOUT_SECONDS',
  'SUBSCRIPTIONS_PER_CONNECTION',
  'USER_CHANNEL',
  'LIMITS',
  'LIVENESS',
  'CONNECTION_EVENTS',
]);
const limits = readLimits(environment);
const secrets = new JsonService('secretsmanager');
const sqs = new JsonService('sqs');
const ssm = new JsonService('ssm');
const secret = (arn: string) => cachedSecret(secrets, arn, systemClock, log);

const wakes = new SqsWakeQueue(sqs, environment.WAKES_QUEUE_URL);
const stores = withDepartures(
  storesOf(environment, secrets, systemClock, log, {
    maxSubscriptions: Number(environment.SUBSCRIPTIONS_PER_CONNECTION),
    maxConnectionsOfUser: limits.connectionsPerUser,
    postsPerSecond: limits.postsPerSecond,
  }),
  { wakes, connectionEvents: readSwitch(environment, 'CONNECTION_EVENTS'), clock: systemClock, log },
);
// Replies and disconnects only: both bear a repeat.
const postCount = new PostCount(stores.budget);
const poster = new CountedPoster(
  new SignedPoster({ callbackUrl: environment.CALLBACK_URL, attempts: 3, log }),
  postCount,
);
const ingress = new Ingress({
  ...stores,
  checkup: new Checkup({ ...stores, poster, log }),
  registry: new CachedRegistry(
    () => fetchRegistryEntries(ssm, environment.SERVICES_PARAMETER_PATH),
    systemClock,
    log,
  ),
  poster,
  postCount,
  bus: new EventBridgeBus(
    { events: new JsonService('events'), sqs },
    environment.BUS_NAME,
    cachedSigningKey(secret(environment.SIGNING_SECRET_ARN)),
  ),
  deliveries: new SqsDeliveryQueue(sqs, environment.DELIVERIES_QUEUE_URL),
  wakes,
  tokens: tokensOf(environment, { secrets, ssm }, systemClock, log),
  limits,
  noteLimit: limitNotes(environment.ENVIRONMENT, log),
  pingSeconds: readLiveness(environment).pingSeconds,
  userChannel: readSwitch(environment, 'USER_CHANNEL'),
  sendService: readOptional('SEND_SERVICE'),
  rpcTimeoutMs: Number(environment.RPC_TIMEOUT_SECONDS) * 1000,
  clock: systemClock,
  log,
});

interface MessageEvent {
  readonly requestContext: { readonly connectionId: string };
  readonly body?: string | null;
}

/** `$default`: one frame of one connection. The gateway drops what this returns; replies are posted. */
export async function handler(event: MessageEvent): Promise<{ readonly statusCode: 200 }> {
  await ingress.handle(event.requestContext.connectionId, event.body ?? '');
  return { statusCode: 200 };
}
