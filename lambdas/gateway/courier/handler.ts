import { managementClient, secretsManagerClient, sqsClient, ssmClient } from '../../contract/aws-clients';
import { readEnvironment } from '../../contract/environment';
import { log } from '../../contract/log';
import { ManagementPoster } from '../core/adapters/management-poster';
import { SqsDeadLetters, SqsWakeQueue } from '../core/adapters/sqs-queues';
import { fetchRegistryEntries } from '../core/adapters/ssm-registry';
import { REDIS_VARIABLES, storesOf } from '../core/adapters/state';
import { CachedRegistry } from '../core/channels/cached-registry';
import { systemClock } from '../core/clock';
import { Courier } from '../core/delivery/courier';
import { Drain } from '../core/delivery/drain';

const environment = readEnvironment([
  'ENVIRONMENT',
  ...REDIS_VARIABLES,
  'CALLBACK_URL',
  'WAKES_QUEUE_URL',
  'DEAD_LETTERS_QUEUE_URL',
  'SERVICES_PARAMETER_PATH',
]);
const sqs = sqsClient();
const ssm = ssmClient();
const parts = {
  ...storesOf(environment, secretsManagerClient(), systemClock, log),
  poster: new ManagementPoster(managementClient(environment.CALLBACK_URL), log),
  wakes: new SqsWakeQueue(sqs, environment.WAKES_QUEUE_URL),
  clock: systemClock,
  log,
};
const courier = new Courier({
  ...parts,
  drain: new Drain(parts),
  deadLetters: new SqsDeadLetters(sqs, environment.DEAD_LETTERS_QUEUE_URL),
  registry: new CachedRegistry(
    () => fetchRegistryEntries(ssm, environment.SERVICES_PARAMETER_PATH),
    systemClock,
    log,
  ),
});

interface QueueEvent {
  readonly Records: readonly {
    readonly messageId: string;
    readonly body: string;
    readonly attributes: {
      readonly MessageGroupId?: string;
      readonly ApproximateReceiveCount: string;
      readonly SentTimestamp: string;
    };
  }[];
}

interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Messages of the deliveries and the wakes queue. Reports partial batch failures. */
export async function handler(event: QueueEvent): Promise<BatchResponse> {
  const failed = await courier.handle(
    event.Records.map(({ messageId, body, attributes }) => ({
      messageId,
      body,
      group: attributes.MessageGroupId,
      receives: Number(attributes.ApproximateReceiveCount),
      sentAt: Number(attributes.SentTimestamp),
    })),
  );
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
