import { cachedApiKeys } from '../../../lambdas/gateway/core/adapters/api-keys';
import { AwsServiceError } from '../../../lambdas/gateway/core/adapters/aws/errors';
import { SqsRequestDeadLetters } from '../../../lambdas/gateway/core/adapters/request-dead-letters';
import { isGoodKey, OVERLAP_MS } from '../../../lambdas/gateway/core/server-api/api-key';

/** Secrets Manager as its reference says: versions by their stage, and an error for a stage that there is not. */
function secretWorld(stages: Record<string, { SecretString?: string; CreatedDate: number }>) {
  const state = { now: 1_000_000_000_000, reads: 0, failure: undefined as Error | undefined };
  const secrets = {
    call: async (operation: string, input: object) => {
      expect(operation).toBe('GetSecretValue');
      state.reads++;
      if (state.failure) throw state.failure;
      const { SecretId, VersionStage } = input as { SecretId: string; VersionStage: string };
      expect(SecretId).toBe('arn');
      const version = stages[VersionStage];
      if (version) return version as never;
      const answer = { code: 'ResourceNotFoundException', status: 400, requestId: 'r' };
      throw new AwsServiceError(operation, answer);
    },
  };
  const clock = { now: () => state.now, sleep: async () => undefined };
  const keys = cachedApiKeys(secrets, 'arn', clock, () => undefined);
  return { state, stages, keys, isGood: (key: string) => isGoodKey(key, keys, state.now) };
}

const CREATED = 1_000_000_000;

describe('the keys of the server API', () => {
  it('are the current version, and none before where the secret was never replaced', async () => {
    const { keys, isGood } = secretWorld({ AWSCURRENT: { SecretString: 'new', CreatedDate: CREATED } });
    expect(await keys()).toEqual({ current: { value: 'new', since: CREATED * 1000 }, previous: undefined });
    expect([await isGood('new'), await isGood(''), await isGood('old')]).toEqual([true, false, false]);
  });

  it('are accepted at once where one was replaced, the former for a day', async () => {
    const world = secretWorld({ AWSCURRENT: { SecretString: 'old', CreatedDate: CREATED - 1_000_000 } });
    expect(await world.isGood('old')).toBe(true);
    world.stages['AWSPREVIOUS'] = { SecretString: 'old', CreatedDate: CREATED - 1_000_000 };
    world.stages['AWSCURRENT'] = { SecretString: 'new', CreatedDate: CREATED };
    world.state.now += 6_000;
    expect([await world.isGood('new'), await world.isGood('old')]).toEqual([true, true]);
    world.state.now += OVERLAP_MS;
    expect([await world.isGood('new'), await world.isGood('old')]).toEqual([true, false]);
  });

  it('are not read for every wrong key', async () => {
    const { state, isGood } = secretWorld({ AWSCURRENT: { SecretString: 'new', CreatedDate: CREATED } });
    for (let tries = 0; tries < 50; tries++) expect(await isGood(`wrong ${tries}`)).toBe(false);
    expect(state.reads).toBeLessThanOrEqual(2);
  });

  it('serve on while they cannot be read, and cannot be had before they ever were', async () => {
    const world = secretWorld({ AWSCURRENT: { SecretString: 'new', CreatedDate: CREATED } });
    await world.keys();
    world.state.failure = new Error('away');
    world.state.now += 400_000;
    expect(await world.isGood('new')).toBe(true);
    const fresh = secretWorld({});
    await expect(fresh.keys()).rejects.toThrow(AwsServiceError);
    const empty = secretWorld({ AWSCURRENT: { CreatedDate: CREATED } });
    await expect(empty.keys()).rejects.toThrow('secret arn: expected text, got none');
  });
});

it('a refused request of the bus is put aside whole, with its reason', async () => {
  const sent: unknown[] = [];
  const sqs = {
    call: async (operation: string, input: object) => {
      sent.push([operation, input]);
      return { MessageId: 'm' } as never;
    },
  };
  const event = { id: 'e', detail: { channel: 'a b' } };
  await new SqsRequestDeadLetters(sqs, 'url').send({ event, reason: 'r'.repeat(600) });
  expect(sent).toEqual([
    [
      'SendMessage',
      {
        QueueUrl: 'url',
        MessageBody: JSON.stringify(event),
        MessageAttributes: { Reason: { DataType: 'String', StringValue: 'r'.repeat(512) } },
      },
    ],
  ]);
});
