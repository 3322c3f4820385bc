import { Centrifuge, type DisconnectedContext, type SubscribedContext } from 'centrifuge';
import WebSocket from 'ws';
import { holdfastWebSocket } from '../../client/websocket';
import { type Holdfast, startHoldfast } from '../../local/kit';
import { Clients, eventually } from '../support/clients';
import { closeConnection } from '../support/connections-api';
import { tokenFor } from '../support/target';

// More subscriptions than a connection has by default, so the stack is one with a configuration of its own.

const SUBSCRIPTIONS = 1_000;
/** Channels over the whole range, the first and the last among them. */
const SAMPLE = [0, 111, 222, 333, 444, 555, 666, 777, 888, SUBSCRIPTIONS - 1];

let stack: Holdfast;
let clients: Clients;
const centrifuges: Centrifuge[] = [];

beforeAll(async () => {
  stack = await startHoldfast({
    // One more: the user's own channel is a subscription, too.
    config: { limits: { subscriptionsPerConnection: SUBSCRIPTIONS + 1 } },
  });
  clients = new Clients(stack);
}, 90_000);
afterEach(() => {
  for (const client of centrifuges.splice(0)) client.disconnect();
  clients.close();
});
afterAll(() => stack.stop());

const channelOf = (index: number) => `room:many-subscriptions-${index}`;

function clientWith(websocket: unknown, token = ''): Centrifuge {
  // On a busy machine a thousand replies may take longer than the SDK's five seconds.
  const client = new Centrifuge(stack.websocketUrl, { websocket, token, timeout: 20_000 });
  centrifuges.push(client);
  return client;
}

/** A client's subscriptions: what each was told when it was subscribed, and the numbers that were published to it. */
class Subscriptions {
  readonly failed: unknown[] = [];
  readonly #subscribed: SubscribedContext[][] = [];
  readonly #numbers: number[][] = [];

  constructor(client: Centrifuge) {
    for (let index = 0; index < SUBSCRIPTIONS; index++) {
      const contexts: SubscribedContext[] = [];
      const numbers: number[] = [];
      this.#subscribed.push(contexts);
      this.#numbers.push(numbers);
      const subscription = client.newSubscription(channelOf(index));
      subscription.on('subscribed', (context) => contexts.push(context));
      subscription.on('publication', ({ data }) => numbers.push(data.n));
      subscription.on('unsubscribed', (context) => this.failed.push(context));
      subscription.subscribe();
    }
  }

  /** Waits until each was subscribed since the last call of this, and answers what they were told. */
  async subscribed(): Promise<SubscribedContext[]> {
    await eventually(
      `${SUBSCRIPTIONS} subscriptions`,
      () => this.#subscribed.every((contexts) => contexts.length > 0),
      90_000,
    );
    return this.#subscribed.flatMap((contexts) => contexts.splice(0));
  }

  /** Waits until each of the sample has as many numbers, and answers them. */
  async sampled(count: number): Promise<(readonly number[] | undefined)[]> {
    const sample = SAMPLE.map((index) => this.#numbers[index]);
    await eventually(`${count} publications for each of the sample`, () =>
      sample.every((numbers) => numbers && numbers.length >= count),
    );
    return sample;
  }
}

async function publishToSample(publisher: Centrifuge, n: number): Promise<void> {
  await Promise.all(SAMPLE.map((index) => publisher.publish(channelOf(index), { n })));
}

describe('a client with 1,000 subscriptions', () => {
  it('has all of them again after its connection was cut, with what it missed', async () => {
    let asked = 0;
    let allowed: Promise<void> = Promise.resolve();
    const token = async () => {
      asked++;
      await allowed;
      return tokenFor(stack, 'alice');
    };
    const bob = await clients.connected('bob');
    const alice = clientWith(holdfastWebSocket({ WebSocket, token }));
    let connection = '';
    alice.on('connected', ({ client }) => {
      connection = client;
    });
    const subscriptions = new Subscriptions(alice);
    alice.connect();
    await subscriptions.subscribed();
    await publishToSample(bob, 1);
    await subscriptions.sampled(1);

    // The client comes back when it is given a token.
    let letBack: () => void = () => undefined;
    allowed = new Promise((resolve) => {
      letBack = resolve;
    });
    const askedBefore = asked;
    await closeConnection(stack, connection);
    await eventually('the client asking for another token', () => asked > askedBefore);
    await publishToSample(bob, 2);
    letBack();
    const again = await subscriptions.subscribed();
    await publishToSample(bob, 3);

    expect(await subscriptions.sampled(3)).toEqual(SAMPLE.map(() => [1, 2, 3]));
    expect(again.filter(({ recovered }) => recovered)).toHaveLength(again.length);
    expect(subscriptions.failed).toEqual([]);
  }, 240_000);

  it('ends for good where its frames are larger than API Gateway takes', async () => {
    const client = clientWith(WebSocket, await tokenFor(stack, 'alice'));
    const ended = new Promise<DisconnectedContext>((resolve) => client.once('disconnected', resolve));
    new Subscriptions(client);
    client.connect();
    expect(await ended).toMatchObject({ code: 3, reason: 'message size limit exceeded' });
  }, 30_000);
});
