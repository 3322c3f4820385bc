import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { managementClient, sqsClient, ssmClient } from '../contract/aws-clients';
import { readEnvironment } from '../contract/environment';
import { Authorizations } from './authorizations';
import { PublicKeys } from './public-keys';
import { Publications } from './publications';
import { Replies } from './replies';

/** What a service function reaches of the platform, from its checked environment. */
export interface Platform {
  readonly serviceName: string;
  readonly publicKeys: PublicKeys;
  readonly publications: Publications;
  readonly authorizations: Authorizations;
  readonly replies: Replies;
}

function makePlatform(): Platform {
  const environment = readEnvironment([
    'SERVICE_NAME',
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
    serviceName: environment.SERVICE_NAME,
    publicKeys: new PublicKeys(fetchKeys),
    publications: new Publications(queue, environment.DELIVERIES_QUEUE_URL),
    authorizations: new Authorizations(queue, environment.DELIVERIES_QUEUE_URL),
    replies: new Replies(managementClient(environment.CALLBACK_URL)),
  };
}

let current: Platform | undefined;

/** One per sandbox, made at the first event: importing a service needs no environment. */
export function platform(): Platform {
  current ??= makePlatform();
  return current;
}
