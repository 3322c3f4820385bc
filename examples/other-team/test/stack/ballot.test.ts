import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { type Holdfast, startHoldfast } from '@holdfast/local';
import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';

let holdfast: Holdfast;
const clients: Centrifuge[] = [];
before(async () => {
  holdfast = await startHoldfast({
    apps: [join(__dirname, '..', '..')],
    seed: 7,
    faults: {
      // Every event comes twice, and every fifth call of the service finds its process dead.
      events: { copies: 2 },
      invocations: { function: 'ballot', share: 0.2, crashWithinMs: 5 },
    },
  });
});
after(async () => {
  for (const client of clients) client.disconnect();
  await holdfast?.stop();
});

async function connected(user: string): Promise<Centrifuge> {
  const client = new Centrifuge(holdfast.websocketUrl, {
    token: await holdfast.token(user),
    websocket: WebSocket,
  });
  clients.push(client);
  client.connect();
  await client.ready(10_000);
  return client;
}

/** The SDK's own codes for a call without an answer: time is up, the connection was lost. */
const UNANSWERED = [1, 11];

/** Calls again while an error says that it may help. */
async function call(client: Centrifuge, method: string, data: object) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await client.rpc(method, data)).data;
    } catch (error) {
      const { code, temporary } = Object(error);
      if (attempt === 10 || !(temporary || UNANSWERED.includes(code))) throw error;
      await client.ready(10_000);
    }
  }
}

it('counts each vote once, and whoever was away gets the counts', async () => {
  const alice = await connected('alice');
  const { ballot } = await call(alice, 'ballot.open', { question: 'Tea?', options: ['yes', 'no'] });
  const seen: number[][] = [];
  const channel = alice.newSubscription(`ballot:${ballot}`);
  channel.on('publication', ({ data }) => seen.push(data.counts));
  channel.subscribe();
  await channel.ready(10_000);

  const voters = await Promise.all(['bob', 'carol', 'dave'].map(connected));
  for (const voter of voters) {
    // A vote whose function died after it was counted is refused when it comes again.
    await call(voter, 'ballot.vote', { ballot, option: 0 }).catch(({ code }) => assert.equal(code, 409));
    await holdfast.faults.cut();
  }

  const result = await call(alice, 'ballot.result', { ballot });
  assert.deepEqual(result, { question: 'Tea?', options: ['yes', 'no'], counts: [3, 0], votes: 3 });
  assert.deepEqual(
    [...seen].sort(([a = 0], [b = 0]) => a - b),
    seen,
    'older counts never follow newer ones',
  );
});
