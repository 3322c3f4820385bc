import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { secretsManagerClient, sqsClient, ssmClient } from '../../../../lambdas/contract/aws-clients';
import { endpointOf } from '../../../../lambdas/gateway/core/adapters/aws/endpoints';
import { useFunctionEnvironment } from './stub-server';

useFunctionEnvironment();

const clients = {
  events: () => new EventBridgeClient({ useDualstackEndpoint: true }),
  secretsmanager: secretsManagerClient,
  sqs: sqsClient,
  ssm: ssmClient,
};
const services = ['events', 'secretsmanager', 'sqs', 'ssm'] as const;

/** Where the SDK's client would send a request in this environment, by its own rules. */
async function bySdk(service: keyof typeof clients): Promise<string> {
  const { config } = clients[service]();
  const { url } = config.endpointProvider({
    Region: await config.region(),
    UseDualStack: await config.useDualstackEndpoint(),
    UseFIPS: await config.useFipsEndpoint(),
  });
  return url.href;
}

describe('endpointOf', () => {
  it.each(['us-east-1', 'eu-west-1', 'ap-southeast-4', 'us-gov-west-1', 'cn-north-1', 'eusc-de-east-1'])(
    'is in %s what the SDK takes for dual-stack',
    async (region) => {
      process.env['AWS_REGION'] = region;
      for (const service of services) expect(endpointOf(service).href).toBe(await bySdk(service));
    },
  );

  it('is the dual-stack name of Lambda', () => {
    expect(endpointOf('lambda').href).toBe('https://lambda.eu-west-1.api.aws/');
  });

  it('is what the environment says for all services, and for one before that', () => {
    process.env['AWS_ENDPOINT_URL'] = 'http://localhost:4003';
    process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = 'http://localhost:5000/secrets';
    process.env['AWS_ENDPOINT_URL_SQS'] = '';
    expect([...services, 'lambda' as const].map((service) => endpointOf(service).href)).toEqual([
      'http://localhost:4003/',
      'http://localhost:5000/secrets',
      'http://localhost:4003/',
      'http://localhost:4003/',
      'http://localhost:4003/',
    ]);
  });

  it('names the region that is missing', () => {
    delete process.env['AWS_REGION'];
    expect(() => endpointOf('sqs')).toThrow('AWS_REGION: expected a non-empty value, got none');
  });
});
