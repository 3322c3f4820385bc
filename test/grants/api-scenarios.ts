import { strict as assert } from 'node:assert';
import { deliveryCommandInput } from '../../lambdas/contract/delivery';
import { parameterNames } from '../../lambdas/contract/parameters';
import { signedHeaders } from '../local/signed-headers';
import { nextWith } from './commands';
import type { Scenario } from './scenarios';
import { until } from './until';
import type { World } from './world';

const names = parameterNames('local');

async function post(world: World, method: string, body: object): Promise<Record<string, unknown>> {
  const key = world.cloud.secrets.value('/holdfast/local/api-key');
  const response = await fetch(`${world.serverApiUrl}/${method}`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { result?: Record<string, unknown>; error?: unknown };
  assert.deepEqual([response.status, answer.error], [200, undefined]);
  return answer.result ?? {};
}

/** A backend with a role of its own, which may use the signed routes. */
async function postSigned(world: World, method: string): Promise<number> {
  const { access, identities } = world.cloud;
  const roleArn = 'arn:aws:iam::000000000000:role/backend';
  access.createRole(roleArn, { Version: '2012-10-17', Statement: [] });
  access.attachInline(roleArn, {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: '*' }],
  });
  const url = new URL(`${world.serverApiUrl}/iam/${method}`);
  const headers = signedHeaders(identities.issue('backend', roleArn), 'execute-api', 'us-east-1', {
    method: 'POST',
    path: url.pathname,
    headers: { host: url.host, 'content-type': 'application/json' },
    body: '{}',
  });
  return (await fetch(url, { method: 'POST', headers, body: '{}' })).status;
}

const put = (world: World, DetailType: string, detail: object) =>
  world.cloud.events.putEvents([
    { EventBusName: 'local-holdfast', Source: 'backend', DetailType, Detail: JSON.stringify(detail) },
  ]);

/** ARN of a queue by the parameter that names it to tools. */
function deadLettersOf({ cloud }: World, queue: string): string {
  const value = cloud.ssm.find(names.deadLetterQueue(queue))?.value ?? '{}';
  const { queueUrl = '' } = JSON.parse(value) as { queueUrl?: string };
  return cloud.arn('sqs', queueUrl.split('/').pop() ?? '');
}

/** Waits until a queue has one letter more than before. */
async function keepsLetter(world: World, queue: string, send: () => unknown): Promise<void> {
  const count = () => world.cloud.sqs.counts(deadLettersOf(world, queue)).visible;
  const before = count();
  send();
  await until(`a letter in ${queue}`, () => count() > before);
}

/** What backends and operators do. */
export const apiScenarios: readonly Scenario[] = [
  {
    name: 'a backend publishes, by key and by signature',
    run: async (world) => {
      const { offset } = await post(world, 'publish', {
        channel: world.fresh('room:backend'),
        data: { n: 1 },
      });
      assert.equal(offset, 1);
      assert.equal(await postSigned(world, 'info'), 200);
    },
  },
  {
    name: 'a backend subscribes and disconnects a user',
    run: async (world) => {
      const user = world.fresh('managed');
      const socket = await world.connected(user);
      socket.send({ id: 1, subscribe: { channel: 'room:own' } });
      await nextWith(socket, 'id');
      await post(world, 'subscribe', { user, channel: 'hall:managed' });
      await nextWith(socket, 'push');
      await post(world, 'unsubscribe', { user, channel: 'hall:managed' });
      await post(world, 'disconnect', { user });
      await socket.close();
    },
  },
  {
    name: 'a backend publishes over the bus',
    run: async (world) => {
      const channel = world.fresh('room:bus');
      put(world, 'holdfast.publish', { channel, data: { n: 1 } });
      await until('the publication', async () => {
        const { publications } = await post(world, 'history', { channel, limit: 1 });
        return Array.isArray(publications) && publications.length === 1;
      });
    },
  },
  {
    name: 'a request on the bus that nobody can carry out is kept',
    run: (world) =>
      keepsLetter(world, 'requests', () =>
        put(world, 'holdfast.publish', { channel: 'nowhere:1', data: {} }),
      ),
  },
  {
    name: 'a delivery that cannot be appended is kept',
    run: async (world) => {
      const queueUrl = world.cloud.ssm.find(names.deliveriesQueueUrl)?.value ?? '';
      const idempotencyKey = world.fresh('key');
      const { MessageBody = '', MessageGroupId } = deliveryCommandInput(queueUrl, {
        v: 1,
        type: 'publication',
        channel: 'nowhere:1',
        data: 'x',
        idempotencyKey,
        source: 'test',
        publishedAt: Date.now(),
        traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      });
      const arn = world.cloud.arn('sqs', queueUrl.split('/').pop() ?? '');
      const options = { groupId: MessageGroupId, deduplicationId: idempotencyKey };
      const { sqs, identities } = world.cloud;
      await keepsLetter(world, 'deliveries', () => sqs.send(arn, MessageBody, options, identities.root()));
    },
  },
  {
    name: 'an operator asks what became of a publication',
    run: async ({ cloud }) => {
      const question = JSON.stringify({ user: 'nobody', channel: 'room:asked', offset: 1 });
      const name = 'local-holdfast-gateway-explain';
      const { functionError, payload } = await cloud.lambda.invoke(name, question, 'RequestResponse');
      assert.equal(functionError, undefined, payload);
    },
  },
];
