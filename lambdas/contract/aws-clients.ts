import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

// A TLS handshake inside a region takes tens of milliseconds; a second means that the route or the address is dead, and
// the next attempt takes another.
const CONNECT_TIMEOUT_MS = 1_000;

// PutEvents and SendMessage answer in 10-100 ms. Three attempts of 1.5 s end below the 5 s after which clients give up.
const REQUEST_TIMEOUT_MS = 1_500;

/** Safe for every call made here: events and rotations tolerate repeats, FIFO sends carry a deduplication id. */
const MAX_ATTEMPTS = 3;

// One invocation at a time per sandbox: more sockets would only be idle ones.
const MAX_SOCKETS = 16;

// A courier posts to the members of a partition at once; each socket is one post in flight.
const MANAGEMENT_MAX_SOCKETS = 64;

function requestHandler(maxSockets: number) {
  return {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Without it the SDK only warns about a request that exceeds its time and goes on waiting.
    throwOnRequestTimeout: true,
    httpsAgent: { keepAlive: true, maxSockets },
    httpAgent: { keepAlive: true, maxSockets },
  };
}

/**
 * Gateway functions leave the VPC over IPv6 only, so they need the dual-stack names of AWS. Set in code and not by
 * `AWS_USE_DUALSTACK_ENDPOINT`: the SDK throws where dual-stack meets an endpoint of one's own, which the local runtime sets.
 */
function common(service: 'EVENTBRIDGE' | 'SQS' | 'SSM' | 'SECRETS_MANAGER') {
  const endpoint = process.env['AWS_ENDPOINT_URL'] || process.env[`AWS_ENDPOINT_URL_${service}`];
  return {
    requestHandler: requestHandler(MAX_SOCKETS),
    maxAttempts: MAX_ATTEMPTS,
    ...(endpoint ? {} : { useDualstackEndpoint: true }),
  };
}

export function eventBridgeClient(): EventBridgeClient {
  return new EventBridgeClient(common('EVENTBRIDGE'));
}

/** A queue's URL names its queue only: as an endpoint, its IPv4-only host would undo the dual-stack choice. */
export function sqsClient(): SQSClient {
  return new SQSClient({ ...common('SQS'), useQueueUrlAsEndpoint: false });
}

export function ssmClient(): SSMClient {
  return new SSMClient(common('SSM'));
}

export function secretsManagerClient(): SecretsManagerClient {
  return new SecretsManagerClient(common('SECRETS_MANAGER'));
}

export interface ManagementClientOptions {
  /**
   * Attempts per post.
   * @default 1: after a post with an unknown outcome the caller decides; a publication must not be posted twice.
   * Replies to a command may be repeated, since clients drop the second reply to an id.
   */
  readonly maxAttempts?: number;
}

/**
 * Client for `POST @connections/{id}`. `callbackUrl` is the stage's callback URL and always explicit, hence never dual-stack
 * by option: the name of a dual-stack API has both kinds of address.
 */
export function managementClient(
  callbackUrl: string,
  options: ManagementClientOptions = {},
): ApiGatewayManagementApiClient {
  return new ApiGatewayManagementApiClient({
    endpoint: callbackUrl,
    requestHandler: requestHandler(MANAGEMENT_MAX_SOCKETS),
    maxAttempts: options.maxAttempts ?? 1,
  });
}
