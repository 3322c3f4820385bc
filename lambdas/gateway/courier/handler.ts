import { REDRIVEN_ATTRIBUTE, redrivenOf } from '../../contract/dead-letters';
import { readEnvironment, readSwitch } from '../../contract/environment';
import { readLimits } from '../../contract/limit-rules';
import { log } from '../../contract/log';
import { JsonService } from '../core/adapters/aws/json-service';
import { SignedPoster } from '../core/adapters/aws/signed-poster';
import { EventBridgeLifecycle } from '../core/adapters/event-bridge-lifecycle';
import { cachedSecret, cachedSigningKey } from '../core/adapters/secrets';
import { SqsDeadLetters, SqsWakeQueue } from '../core/adapters/sqs-queues';
import { fetchRegistryEntries } from '../core/adapters/ssm-registry';
import { REDIS_VARIABLES, storesOf, withDepartures } from '../core/adapters/state';
import { CachedRegistry } from '../core/channels/cached-registry';
import { systemClock } from '../core/clock';
import { Authorizations } from '../core/commands/authorizations';
import { Courier } from '../core/delivery/courier';
import { Drain } from '../core/delivery/drain';
import { roleOf } from '../core/delivery/sender-check';
import { lifecycleTimers } from '../core/lifecycle/timers';
import { CountedPoster } from '../core/limits/counted-poster';
import { PostCount } from '../core/limits/post-count';

const environment = readEnvironment([
  'ENVIRONMENT',
  ...REDIS_VARIABLES,
  'CALLBACK_URL',
  'WAKES_QUEUE_URL',
  'DEAD_LETTERS_QUEUE_URL',
  'SERVICES_PARAMETER_PATH',
  'SIGNING_SECRET_ARN',
  'BUS_NAME',
  'CONNECTION_EVENTS',
  'LIMITS',
]);
const sqs = new JsonService('sqs');
const ssm = new JsonService('ssm');
const wakes = new SqsWakeQueue(sqs, environment.WAKES_QUEUE_URL);
const secrets = new JsonService('secretsmanager');
const stores = storesOf(environment, secrets, systemClock, log, readLimits(environment));
const connectionEvents = readSwitch(environment, 'CONNECTION_EVENTS');
const lifecycleBus = new EventBridgeLifecycle(
  new JsonService('events'),
  environment.BUS_NAME,
  cachedSigningKey(cachedSecret(secrets, environment.SIGNING_SECRET_ARN, systemClock, log)),
);
const parts = {
  ...withDepartures(stores, { wakes, connectionEvents, clock: systemClock, log }),
  poster: new SignedPoster({ callbackUrl: environment.CALLBACK_URL, log }),
  wakes,
  clock: systemClock,
  log,
};
const registry = new CachedRegistry(
  () => fetchRegistryEntries(ssm, environment.SERVICES_PARAMETER_PATH),
  systemClock,
  log,
);
const authorizations = new Authorizations({
  ...parts,
  poster: new CountedPoster(parts.poster, new PostCount(stores.budget)),
  registry,
});
const courier = new Courier({
  ...parts,
  authorizations,
  registry,
  drain: new Drain(parts),
  timers: {
    ...lifecycleTimers({ ...parts, lifecycleBus }),
    'authorization-timeout': (wake) => authorizations.timeout(wake),
  },
  deadLetters: new SqsDeadLetters(sqs, environment.DEAD_LETTERS_QUEUE_URL),
});

interface QueueEvent {
  readonly Records: readonly {
    readonly messageId: string;
    readonly body: string;
    readonly attributes: {
      readonly MessageGroupId?: string;
      readonly ApproximateReceiveCount: string;
      readonly SentTimestamp: string;
      readonly SenderId: string;
    };
    readonly messageAttributes?: { readonly [name: string]: { readonly stringValue?: string } };
  }[];
}

interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Messages of the deliveries and the wakes queue. Reports partial batch failures. */
export async function handler(event: QueueEvent): Promise<BatchResponse> {
  const failed = await courier.handle(
    event.Records.map(({ messageId, body, attributes, messageAttributes }) => ({
      messageId,
      body,
      group: attributes.MessageGroupId,
      receives: Number(attributes.ApproximateReceiveCount),
      sentAt: Number(attributes.SentTimestamp),
      role: roleOf(attributes.SenderId),
      redriven: redrivenOf(messageAttributes?.[REDRIVEN_ATTRIBUTE]?.stringValue),
    })),
  );
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
