import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { eventBridgeClient, managementClient, sqsClient, ssmClient } from '../contract/aws-clients';
import { readEnvironment } from '../contract/environment';
import { Authorizations } from './authorizations';
import { type Guard, TableGuard } from './once';
import { PublicKeys } from './public-keys';
import { Publications } from './publications';
import { Receipts } from './receipts';
import { Replies } from './replies';
import { Requests } from './requests';
import { serviceTable } from './table';

/** What a service function reaches of the platform, from its checked environment. */
export interface Platform {
  readonly environment: string;
  readonly serviceName: string;
  readonly publicKeys: Pick<PublicKeys, 'verify'>;
  readonly publications: Pick<Publications, 'send'>;
  readonly authorizations: Pick<Authorizations, 'send'>;
  readonly replies: Pick<Replies, 'send'>;
  readonly requests: Pick<Requests, 'put'>;
  readonly receipts: Pick<Receipts, 'sockets'>;
  readonly guard: Guard;
}

/** Made when first asked for. */
function lazily<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function makePlatform(): Platform {
  const environment = readEnvironment([
    'ENVIRONMENT',
    'SERVICE_NAME',
    'BUS_NAME',
    'CALLBACK_URL',
    'DELIVERIES_QUEUE_URL',
    'SIGNING_KEYS_PARAMETER',
  ]);
  const parameters = ssmClient();
  const queue = sqsClient();
  const fetchKeys = async () => {
    const Name = environment.SIGNING_KEYS_PARAMETER;
    const { Parameter } = await parameters.send(new GetParameterCommand({ Name }));
    return Parameter?.Value ?? '';
  };
  return {
    environment: environment.ENVIRONMENT,
    serviceName: environment.SERVICE_NAME,
    publicKeys: new PublicKeys(fetchKeys),
    publications: new Publications(queue, environment.DELIVERIES_QUEUE_URL),
    authorizations: new Authorizations(queue, environment.DELIVERIES_QUEUE_URL),
    replies: new Replies(managementClient(environment.CALLBACK_URL)),
    requests: new Requests(lazily(eventBridgeClient), environment.BUS_NAME, environment.SERVICE_NAME),
    receipts: new Receipts(() => readEnvironment(['SERVER_API_URL']).SERVER_API_URL),
    guard: new TableGuard(serviceTable),
  };
}

let current: Platform | undefined;

/** One per sandbox, made at the first event: importing a service needs no environment. */
export function platform(): Platform {
  current ??= makePlatform();
  return current;
}

/** Runs a function whose synchronous part finds another platform: tests of services. */
export function withPlatform<Result>(other: Platform, run: () => Result): Result {
  const before = current;
  current = other;
  try {
    return run();
  } finally {
    current = before;
  }
}
