import {
  dynamoDbClient,
  eventBridgeClient,
  managementClient,
  secretsManagerClient,
  sqsClient,
  ssmClient,
} from '../../../lambdas/contract/aws-clients';

const clients = [
  ['SQS', sqsClient, 'sqs.eu-west-1.api.aws'],
  ['EVENTBRIDGE', eventBridgeClient, 'events.eu-west-1.api.aws'],
  ['DYNAMODB', dynamoDbClient, 'dynamodb.eu-west-1.api.aws'],
  ['SSM', ssmClient, 'ssm.eu-west-1.api.aws'],
  // The SDK's rules know no other: this host has addresses of both kinds.
  ['SECRETS_MANAGER', secretsManagerClient, 'secretsmanager.eu-west-1.amazonaws.com'],
] as const;

const before = { ...process.env };

beforeEach(() => {
  process.env = { ...before, AWS_REGION: 'eu-west-1' };
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_ENDPOINT_URL')) delete process.env[name];
  }
});

afterAll(() => {
  process.env = before;
});

type Config = ReturnType<(typeof clients)[number][1]>['config'];

/** Where the client would send a request, by the SDK's own endpoint rules. */
async function hostOf(config: Config): Promise<string> {
  const { hostname } = (await config.endpoint?.()) ?? {};
  if (hostname !== undefined) return hostname;
  const resolved = config.endpointProvider({
    Region: await config.region(),
    UseDualStack: await config.useDualstackEndpoint(),
    UseFIPS: await config.useFipsEndpoint(),
  });
  return resolved.url.hostname;
}

describe('the client factory', () => {
  it.each(clients)('reaches %s by its dual-stack name', async (_, make, host) => {
    const { config } = make();
    expect(await config.useDualstackEndpoint()).toBe(true);
    expect(await hostOf(config)).toBe(host);
  });

  it.each(clients)('leaves %s to AWS_ENDPOINT_URL', async (_, make) => {
    process.env['AWS_ENDPOINT_URL'] = 'http://localhost:4003';
    expect(await make().config.useDualstackEndpoint()).toBe(false);
  });

  it.each(clients)('leaves %s to an endpoint of its own, and the others to AWS', async (service, make) => {
    process.env[`AWS_ENDPOINT_URL_${service}`] = 'http://localhost:4003';
    expect(await make().config.useDualstackEndpoint()).toBe(false);
    for (const [name, other] of clients) {
      if (name !== service) expect(await other().config.useDualstackEndpoint()).toBe(true);
    }
  });

  it.each(clients)('gives %s bounded attempts', async (_, make) => {
    expect(await make().config.maxAttempts()).toBe(3);
  });

  it('does not take a queue URL for an endpoint: its host has no IPv6', () => {
    expect(sqsClient().config.useQueueUrlAsEndpoint).toBe(false);
  });
});

describe('managementClient', () => {
  const url = 'https://abc.execute-api.eu-west-1.amazonaws.com/local';

  it('goes to the callback URL, dual-stack by its name and never by option', async () => {
    process.env['AWS_ENDPOINT_URL'] = 'http://localhost:4003';
    const { config } = managementClient(url);
    expect(await config.useDualstackEndpoint()).toBe(false);
    const endpoint = await config.endpoint?.();
    expect(`${endpoint?.protocol}//${endpoint?.hostname}${endpoint?.path}`).toBe(url);
  });

  it('tries a reply three times', async () => {
    expect(await managementClient(url).config.maxAttempts()).toBe(3);
  });
});
