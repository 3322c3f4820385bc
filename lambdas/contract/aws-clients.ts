import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

// A TLS handshake inside a region takes tens of milliseconds; a second means that the route or the address is dead, and
// the next attempt takes another.
const CONNECT_TIMEOUT_MS = 1_000;

// SendMessage answers in 10-100 ms. Three attempts of 1.5 s end below the 5 s after which clients give up.
const REQUEST_TIMEOUT_MS = 1_500;

/** Safe for every call made here: rotations tolerate repeats, FIFO sends carry a deduplication id. */
const MAX_ATTEMPTS = 3;

// One invocation at a time per sandbox: more sockets would only be idle ones.
const MAX_SOCKETS = 16;

function requestHandler() {
  return {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Without it the SDK only warns about a request that exceeds its time and goes on waiting.
    throwOnRequestTimeout: true,
    httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
  };
}

/**
 * A function in a VPC may leave it over IPv6 only and then needs the dual-stack names of AWS. Set in code and not by
 * `AWS_USE_DUALSTACK_ENDPOINT`: the SDK throws where dual-stack meets an endpoint of one's own, which the local runtime sets.
 */
function common(service: 'SQS' | 'SSM' | 'SECRETS_MANAGER' | 'EVENTBRIDGE' | 'DYNAMODB') {
  const endpoint = process.env['AWS_ENDPOINT_URL'] || process.env[`AWS_ENDPOINT_URL_${service}`];
  return {
    requestHandler: requestHandler(),
    maxAttempts: MAX_ATTEMPTS,
    ...(endpoint ? {} : { useDualstackEndpoint: true }),
  };
}

/** A queue's URL names its queue only: as an endpoint, its IPv4-only host would undo the dual-stack choice. */
export function sqsClient(): SQSClient {
  return new SQSClient({ ...common('SQS'), useQueueUrlAsEndpoint: false });
}

export function ssmClient(): SSMClient {
  return new SSMClient(common('SSM'));
}

export function eventBridgeClient(): EventBridgeClient {
  return new EventBridgeClient(common('EVENTBRIDGE'));
}

export function dynamoDbClient(): DynamoDBClient {
  return new DynamoDBClient(common('DYNAMODB'));
}

export function secretsManagerClient(): SecretsManagerClient {
  return new SecretsManagerClient(common('SECRETS_MANAGER'));
}

/**
 * Client for replies by `POST @connections/{id}`, which bear a repeat: clients drop the second reply to an id. `callbackUrl` is the
 * stage's callback URL and always explicit, hence never dual-stack by option: the name of a dual-stack API has both kinds
 * of address.
 */
export function managementClient(callbackUrl: string): ApiGatewayManagementApiClient {
  return new ApiGatewayManagementApiClient({
    endpoint: callbackUrl,
    requestHandler: requestHandler(),
    maxAttempts: MAX_ATTEMPTS,
  });
}
