import type { Redis } from 'iovalkey';
import { channelKeys } from '../../lambdas/gateway/core/keys';
import { type Holdfast, startHoldfast } from '../../local/kit';
import { Clients } from '../support/clients';
import { operatorRedis } from '../support/redis';

// A namespace of this kind is nobody's default, so the stack is one with a configuration of its own.

let stack: Holdfast;
let clients: Clients;
let operator: Redis;

beforeAll(async () => {
  stack = await startHoldfast({
    config: { namespaces: { hall: { presence: true, lifecycle: true } }, connectionEvents: true },
  });
  clients = new Clients(stack);
  operator = operatorRedis(stack.redisUrl);
}, 90_000);
afterEach(() => clients.close());
afterAll(async () => {
  operator.disconnect();
  await stack.stop();
});

/** Events that a channel wrote for the bus, and those that the bus has not taken yet. */
async function journalOf(channel: string) {
  const { events } = channelKeys(channel);
  if ((await operator.exists(events)) === 0) return { written: 0, waiting: 0 };
  const fields = (await operator.xinfo('STREAM', events)) as unknown[];
  const numberOf = (name: string) => Number(fields[fields.indexOf(name) + 1]);
  return { written: numberOf('entries-added'), waiting: numberOf('length') };
}

async function eventuallyTold(channel: string, written: number, timeoutMs: number) {
  const until = Date.now() + timeoutMs;
  let journal = await journalOf(channel);
  while (Date.now() < until && (journal.written < written || journal.waiting > 0)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    journal = await journalOf(channel);
  }
  expect(journal).toEqual({ written, waiting: 0 });
}

it('has the bus take what happened to a channel, and after a lost connection what that ended', async () => {
  const channel = 'hall:1';
  const alice = await clients.connected('alice');
  const subscription = alice.newSubscription(channel);
  subscription.subscribe();
  await subscription.ready(10_000);
  // Occupied and subscribed, then unsubscribed and vacated.
  await eventuallyTold(channel, 2, 10_000);
  subscription.unsubscribe();
  await eventuallyTold(channel, 4, 10_000);
  subscription.subscribe();
  await subscription.ready(10_000);
  await eventuallyTold(channel, 6, 10_000);
  alice.disconnect();
  await eventuallyTold(channel, 8, 25_000);
  expect(stack.log()).not.toContain('timer failed');
}, 90_000);
