import { generateKeyPairSync } from 'node:crypto';
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  ForbiddenException,
  GoneException,
  LimitExceededException,
  PayloadTooLargeException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import type { UnsignedEnvelope } from '../../../lambdas/contract/envelope';
import { verifyEnvelope } from '../../../lambdas/contract/signature';
import { EventBridgeBus } from '../../../lambdas/gateway/core/adapters/event-bridge-bus';
import { ManagementPoster } from '../../../lambdas/gateway/core/adapters/management-poster';
import { cachedSecret, cachedSigningKey } from '../../../lambdas/gateway/core/adapters/secrets';
import {
  SqsDeadLetters,
  SqsDeliveryQueue,
  SqsWakeQueue,
} from '../../../lambdas/gateway/core/adapters/sqs-queues';
import { fetchRegistryEntries } from '../../../lambdas/gateway/core/adapters/ssm-registry';

const silent = () => undefined;
/** What the SDK throws for an answer that does not name its error. */
const unnamed = (httpStatusCode: number) =>
  Object.assign(new Error('UnknownError'), { $metadata: { httpStatusCode } });
const metadata = { $metadata: {}, message: '' };

describe('ManagementPoster', () => {
  const management = mockClient(ApiGatewayManagementApiClient);
  const poster = new ManagementPoster(new ApiGatewayManagementApiClient({ region: 'us-east-1' }), silent);
  beforeEach(() => management.reset());

  it.each([
    ['gone', new GoneException({ ...metadata, $metadata: { httpStatusCode: 410 } })],
    ['throttled', new LimitExceededException(metadata)],
    ['failed', new ForbiddenException(metadata)],
    ['failed', new PayloadTooLargeException(metadata)],
    ['failed', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })],
    ['unknown', Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    ['unknown', Object.assign(new Error('late'), { name: 'TimeoutError' })],
    ['gone', unnamed(410)],
    ['throttled', unnamed(429)],
    ['failed', unnamed(400)],
    ['failed', unnamed(403)],
    ['failed', unnamed(413)],
    ['unknown', unnamed(500)],
    ['unknown', unnamed(503)],
  ] as const)('calls it %s', async (outcome, error) => {
    management.on(PostToConnectionCommand).rejects(error);
    management.on(DeleteConnectionCommand).rejects(error);
    expect(await poster.post('a=', 'frame')).toBe(outcome);
    expect(await poster.close('a=')).toBe(outcome);
  });

  it('posts a frame to a connection', async () => {
    management.on(PostToConnectionCommand).resolves({});
    expect(await poster.post('a=', 'frame')).toBe('ok');
    expect(management.commandCalls(PostToConnectionCommand)[0]?.args[0].input).toEqual({
      ConnectionId: 'a=',
      Data: 'frame',
    });
  });
});

describe('queues', () => {
  const sqs = mockClient(SQSClient);
  beforeEach(() => sqs.reset().on(SendMessageCommand).resolves({}));
  const inputs = () => sqs.commandCalls(SendMessageCommand).map((call) => call.args[0].input);

  it('groups deliveries by channel and names repeats by their key', async () => {
    const queue = new SqsDeliveryQueue(new SQSClient({ region: 'us-east-1' }), 'url');
    const delivery = {
      v: 1,
      type: 'publication',
      channel: 'room:ü',
      data: 1,
      idempotencyKey: 'k',
      source: 's',
      publishedAt: 1,
      traceparent: 't',
    } as const;
    await queue.send(delivery);
    const [input] = inputs();
    expect(JSON.parse(input?.MessageBody ?? '')).toEqual(delivery);
    expect(input?.MessageGroupId).toMatch(/^[0-9a-f]{64}$/);
    expect(input?.MessageDeduplicationId).toMatch(/^[0-9a-f]{64}$/);
  });

  it('copies dead letters into the group of the original, with the reason, once', async () => {
    const letters = new SqsDeadLetters(new SQSClient({ region: 'us-east-1' }), 'url');
    await letters.send({ id: 'm', group: 'g', body: 'b', kind: 'stale' });
    expect(inputs()).toEqual([
      {
        QueueUrl: 'url',
        MessageBody: 'b',
        MessageGroupId: 'g',
        MessageDeduplicationId: 'm',
        MessageAttributes: { Reason: { DataType: 'String', StringValue: 'stale' } },
      },
    ]);
  });

  it('delays wakes', async () => {
    const queue = new SqsWakeQueue(new SQSClient({ region: 'us-east-1' }), 'url');
    await queue.send({ v: 1, type: 'drain', channel: 'c', partition: 2 }, 7);
    expect(inputs()).toEqual([
      {
        QueueUrl: 'url',
        MessageBody: '{"v":1,"type":"drain","channel":"c","partition":2}',
        DelaySeconds: 7,
      },
    ]);
  });
});

describe('EventBridgeBus', () => {
  const events = mockClient(EventBridgeClient);
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const bus = (
    key = async () =>
      ({ kid: 'k', privateKey }) as { kid: string; privateKey: typeof privateKey } | undefined,
  ) => new EventBridgeBus(new EventBridgeClient({ region: 'us-east-1' }), 'bus', key);
  const envelope: UnsignedEnvelope = {
    v: 1,
    id: 'i',
    seq: 1,
    kind: 'rpc',
    service: 'echo',
    method: 'echo.say',
    client: 'c',
    user: 'u',
    commandId: 1,
    data: { text: 'ü' },
    issuedAt: 1,
    deadline: 2,
    traceparent: 't',
  };
  beforeEach(() => events.reset());

  it('puts a signed envelope', async () => {
    events.on(PutEventsCommand).resolves({ FailedEntryCount: 0 });
    await bus().put(envelope);
    const entry = events.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries?.[0];
    expect(entry).toMatchObject({
      EventBusName: 'bus',
      Source: 'holdfast.gateway',
      DetailType: 'holdfast.rpc',
    });
    expect(verifyEnvelope(JSON.parse(entry?.Detail ?? ''), new Map([['k', publicKey]]))).toBe('valid');
  });

  it('rejects where the bus refuses an entry in a good answer', async () => {
    events.on(PutEventsCommand).resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'Throttling' }] });
    await expect(bus().put(envelope)).rejects.toThrow('got Throttling');
  });

  it('rejects before the first rotation of the signing key', async () => {
    await expect(bus(async () => undefined).put(envelope)).rejects.toThrow(
      'got none before the first rotation',
    );
  });
});

describe('secrets', () => {
  const secrets = mockClient(SecretsManagerClient);
  const client = new SecretsManagerClient({ region: 'us-east-1' });
  let now = 0;
  const clock = { now: () => now, sleep: async () => undefined };
  beforeEach(() => {
    secrets.reset();
    now = 1_000_000;
  });

  it('is read once in five minutes, and stale while reads fail', async () => {
    const secret = cachedSecret(client, 'arn', clock, silent);
    secrets.on(GetSecretValueCommand).resolves({ SecretString: 'one' });
    expect(await Promise.all([secret(), secret()])).toEqual(['one', 'one']);
    expect(secrets.calls()).toHaveLength(1);
    now += 299_999;
    await secret();
    expect(secrets.calls()).toHaveLength(1);
    now += 1;
    secrets.on(GetSecretValueCommand).rejects(new Error('away'));
    expect(await secret()).toBe('one');
    now += 6_000;
    secrets.on(GetSecretValueCommand).resolves({ SecretString: 'two' });
    expect(await secret()).toBe('two');
  });

  it('is not asked for by every caller where it was just not readable, though none is held', async () => {
    const secret = cachedSecret(client, 'arn', clock, silent);
    secrets.on(GetSecretValueCommand).rejects(new Error('away'));
    await expect(secret()).rejects.toThrow('away');
    now += 999;
    await expect(secret()).rejects.toThrow('away');
    expect(secrets.calls()).toHaveLength(1);
    now += 1;
    secrets.on(GetSecretValueCommand).resolves({ SecretString: 'one' });
    expect(await secret()).toBe('one');
  });

  it('is looked for again within seconds while the signing key is empty', async () => {
    const key = cachedSigningKey(cachedSecret(client, 'arn', clock, silent));
    secrets.on(GetSecretValueCommand).resolves({ SecretString: '{}' });
    expect(await key()).toBeUndefined();
    const { privateKey } = generateKeyPairSync('ed25519');
    const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    secrets
      .on(GetSecretValueCommand)
      .resolves({ SecretString: JSON.stringify({ kid: 'k', privateKey: der }) });
    now += 4_999;
    expect(await key()).toBeUndefined();
    now += 1;
    expect((await key())?.kid).toBe('k');
  });
});

describe('fetchRegistryEntries', () => {
  it('reads all pages', async () => {
    const ssm = mockClient(SSMClient);
    ssm
      .on(GetParametersByPathCommand, { Path: '/p' })
      .resolves({ Parameters: [{ Name: '/p/a', Value: '1' }], NextToken: 'n' });
    ssm
      .on(GetParametersByPathCommand, { Path: '/p', NextToken: 'n' })
      .resolves({ Parameters: [{ Name: '/p/b', Value: '2' }] });
    expect(await fetchRegistryEntries(new SSMClient({ region: 'us-east-1' }), '/p')).toEqual([
      { name: 'a', json: '1' },
      { name: 'b', json: '2' },
    ]);
  });
});
