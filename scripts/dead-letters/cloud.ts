import { join } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Credentials } from '../../lambdas/contract/credentials';
import { RequestSigner, sha256 } from '../../lambdas/contract/request-signature';
import { readState } from '../../local/command/state-file';

/** The environment of the stack that runs here. */
export const LOCAL = 'local';

/** The AWS API cannot be reached or does not do what it is asked. */
export class CloudError extends Error {
  override readonly name = 'CloudError';
}

/** The AWS API of an environment. */
export interface Cloud {
  readonly sqs: SQSClient;
  readonly ssm: SSMClient;
  /** Hands an event to a function. Resolves once Lambda has taken it. */
  invoke(functionArn: string, event: string): Promise<void>;
  close(): void;
}

/** Names, keys and region are those of the AWS CLI, unless it is the stack that runs here. */
export function cloudOf(environment: string, dir: string): Cloud {
  const local = environment === LOCAL ? localOptions(dir) : undefined;
  const sqs = new SQSClient({ ...local, useQueueUrlAsEndpoint: false });
  const ssm = new SSMClient({ ...local });
  return {
    sqs,
    ssm,
    invoke: (functionArn, event) => invoke(sqs, local?.endpoint, functionArn, event),
    close: () => {
      sqs.destroy();
      ssm.destroy();
    },
  };
}

function localOptions(dir: string) {
  const state = readState(dir);
  if (!state) {
    throw new CloudError(
      `expected a running local stack, got none (no ${join(dir, 'local.json')} of a live process): run npm start, or name a deployed environment with --env`,
    );
  }
  return {
    endpoint: state.awsEndpointUrl,
    region: state.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  };
}

/** Lambda's Invoke, with what the client of the queues knows of region and credentials. */
async function invoke(
  { config }: SQSClient,
  endpoint: string | undefined,
  functionArn: string,
  event: string,
): Promise<void> {
  const region = await config.region();
  const { accessKeyId, secretAccessKey, sessionToken } = await config.credentials();
  const credentials: Credentials = { accessKeyId, secretAccessKey, sessionToken };
  const url = new URL(
    `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`,
    endpoint ?? `https://lambda.${region}.amazonaws.com`,
  );
  const headers = new RequestSigner({ service: 'lambda', region, credentials: () => credentials }).sign({
    method: 'POST',
    path: url.pathname,
    query: '',
    host: url.host,
    headers: { 'content-type': 'application/json', 'x-amz-invocation-type': 'Event' },
    bodyHash: sha256(event),
  });
  const response = await fetch(url, { method: 'POST', headers: pairsOf(headers), body: event });
  if (response.status !== 202) {
    throw new CloudError(`${functionArn}: expected 202, got ${response.status} ${await response.text()}`);
  }
}

/** Names and values in turn, but for the host, which every client writes itself. */
function pairsOf(list: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < list.length; index += 2) {
    const [name = '', value = ''] = list.slice(index, index + 2);
    if (name !== 'host') pairs.push([name, value]);
  }
  return pairs;
}
