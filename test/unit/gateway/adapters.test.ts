import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { UnsignedEnvelope } from '../../../lambdas/contract/envelope';
import { verifyEnvelope } from '../../../lambdas/contract/signature';
import {
  type BusEntry,
  EventBridgeBus,
  NoSigningKeyError,
} from '../../../lambdas/gateway/core/adapters/event-bridge-bus';
import { cachedSecret, cachedSigningKey, SecretError } from '../../../lambdas/gateway/core/adapters/secrets';
import {
  SqsDeadLetters,
  SqsDeliveryQueue,
  SqsWakeQueue,
} from '../../../lambdas/gateway/core/adapters/sqs-queues';
import { fetchRegistryEntries } from '../../../lambdas/gateway/core/adapters/ssm-registry';
import { ServiceDouble } from './aws/service-double';

const silent = () => undefined;

let service: ServiceDouble;
beforeEach(() => {
  service = new ServiceDouble();
});

describe('queues', () => {
  beforeEach(() => {
    service.answer({ MessageId: 'm' });
  });

  it('groups deliveries by channel and names repeats by their key', async () => {
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
    await new SqsDeliveryQueue(service, 'url').send(delivery);
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
    const input = {
      QueueUrl: 'url',
      MessageBody: JSON.stringify(delivery),
      MessageGroupId: hash,
      MessageDeduplicationId: hash,
    };
    expect(service.calls).toEqual([['SendMessage', input]]);
  });

  it('copies dead letters into the group of the original, with the reason, once', async () => {
    await new SqsDeadLetters(service, 'url').send({ id: 'm', group: 'g', body: 'b', kind: 'stale' });
    const input = {
      QueueUrl: 'url',
      MessageBody: 'b',
      MessageGroupId: 'g',
      MessageDeduplicationId: 'm',
      MessageAttributes: { Reason: { DataType: 'String', StringValue: 'stale' } },
    };
    expect(service.calls).toEqual([['SendMessage', input]]);
  });

  it('delays wakes', async () => {
    await new SqsWakeQueue(service, 'url').send({ v: 1, type: 'drain', channel: 'c', partition: 2 }, 7);
    const input = {
      QueueUrl: 'url',
      MessageBody: '{"v":1,"type":"drain","channel":"c","partition":2}',
      DelaySeconds: 7,
    };
    expect(service.calls).toEqual([['SendMessage', input]]);
  });

  it('rejects where the queue says of no message that it has it', async () => {
    service.answer({});
    const wake = { v: 1, type: 'drain', channel: 'c', partition: 2 } as const;
    await expect(new SqsWakeQueue(service, 'url').send(wake, 0)).rejects.toThrow();
  });
});

describe('EventBridgeBus', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const withKey = async (): Promise<{ kid: string; privateKey: KeyObject } | undefined> => ({
    kid: 'k',
    privateKey,
  });
  const bus = (key = withKey) => new EventBridgeBus({ events: service, sqs: service }, 'bus', key);
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

  it('puts a signed envelope', async () => {
    service.answer({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] });
    await bus().put(envelope);
    const [operation, input] = service.calls[0] ?? [];
    expect(operation).toBe('PutEvents');
    const [entry] = (input as { readonly Entries: readonly BusEntry[] }).Entries;
    expect(entry).toMatchObject({
      EventBusName: 'bus',
      Source: 'holdfast.gateway',
      DetailType: 'holdfast.rpc',
    });
    expect(verifyEnvelope(JSON.parse(entry?.Detail ?? ''), new Map([['k', publicKey]]))).toBe('valid');
  });

  it('puts one for an ordered queue there: in the group of its connection, as the event that a rule hands over', async () => {
    service.answer({ MessageId: 'm' });
    await bus().put(envelope, 'https://queue');
    expect(service.calls).toHaveLength(1);
    const [operation, input] = service.calls[0] ?? [];
    expect(operation).toBe('SendMessage');
    const { MessageBody, ...message } = input as { readonly MessageBody: string };
    expect(message).toEqual({
      QueueUrl: 'https://queue',
      MessageGroupId: 'c',
      MessageDeduplicationId: 'i',
    });
    const { detail, ...event } = JSON.parse(MessageBody);
    expect(event).toEqual({ id: 'i', source: 'holdfast.gateway', 'detail-type': 'holdfast.rpc' });
    expect(verifyEnvelope(detail, new Map([['k', publicKey]]))).toBe('valid');
  });

  it('rejects where the bus refuses an entry in a good answer', async () => {
    service.answer({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'Throttling' }] });
    await expect(bus().put(envelope)).rejects.toThrow('got Throttling');
  });

  it('rejects before the first rotation of the signing key', async () => {
    await expect(bus(async () => undefined).put(envelope)).rejects.toThrow(NoSigningKeyError);
    expect(service.calls).toEqual([]);
  });
});

describe('secrets', () => {
  let now = 0;
  const clock = { now: () => now, sleep: async () => undefined };
  const secretOf = () => cachedSecret(service, 'arn', clock, silent);
  beforeEach(() => {
    now = 1_000_000;
  });

  it('is read once in five minutes, and stale while reads fail', async () => {
    const secret = secretOf();
    service.answer({ SecretString: 'one' });
    expect(await Promise.all([secret(), secret()])).toEqual(['one', 'one']);
    now += 299_999;
    await secret();
    expect(service.calls).toEqual([['GetSecretValue', { SecretId: 'arn' }]]);
    now += 1;
    service.answer(new Error('away'));
    expect(await secret()).toBe('one');
    now += 6_000;
    service.answer({ SecretString: 'two' });
    expect(await secret()).toBe('two');
  });

  it('is not asked for by every caller where it was just not readable, though none is held', async () => {
    const secret = secretOf();
    service.answer(new Error('away'));
    await expect(secret()).rejects.toThrow('away');
    now += 999;
    await expect(secret()).rejects.toThrow('away');
    expect(service.calls).toHaveLength(1);
    now += 1;
    service.answer({ SecretString: 'one' });
    expect(await secret()).toBe('one');
  });

  it.each([{}, { SecretString: '' }])('has to have text: %j', async (answer) => {
    service.answer(answer);
    await expect(secretOf()()).rejects.toThrow(SecretError);
  });

  it('is looked for again within seconds while the signing key is empty', async () => {
    const key = cachedSigningKey(secretOf());
    service.answer({ SecretString: '{}' });
    expect(await key()).toBeUndefined();
    const { privateKey } = generateKeyPairSync('ed25519');
    const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    service.answer({ SecretString: JSON.stringify({ kid: 'k', privateKey: der }) });
    now += 4_999;
    expect(await key()).toBeUndefined();
    now += 1;
    expect((await key())?.kid).toBe('k');
  });
});

describe('fetchRegistryEntries', () => {
  it('reads all pages', async () => {
    service.answerBy((input) =>
      'NextToken' in input
        ? { Parameters: [{ Name: '/p/b', Value: '2' }] }
        : { Parameters: [{ Name: '/p/a', Value: '1' }], NextToken: 'n' },
    );
    expect(await fetchRegistryEntries(service, '/p')).toEqual([
      { name: 'a', json: '1' },
      { name: 'b', json: '2' },
    ]);
    expect(service.calls).toEqual([
      ['GetParametersByPath', { Path: '/p' }],
      ['GetParametersByPath', { Path: '/p', NextToken: 'n' }],
    ]);
  });
});
