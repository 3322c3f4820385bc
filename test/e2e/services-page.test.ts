import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Centrifuge } from 'centrifuge';
import type { JsonValue } from '../../lambdas/contract/json';
import { methods } from '../../lambdas/services/chat/infra';
import { examplesIn, Names, type Step } from '../support/chat/page-examples';
import { Clients, eventually } from '../support/clients';
import { readTarget } from '../support/target';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'services.md'), 'utf8');
// Users of this run alone: those of another have rooms and messages already.
const run = Date.now().toString(36);
const steps = examplesIn(page, 'chat', (text) => text.replace(/\b(alice|bob|eve)\b/g, `$1${run}`));
const clients = new Clients(readTarget());
afterAll(() => clients.close());

/** What came last, for the line that says what was expected. */
type Outcome = { readonly data: JsonValue } | { readonly code: number; readonly message: string };

const names = new Names();
const users = new Map<string, Centrifuge>();
const shown = new Map<string, JsonValue[]>();

async function userOf(name: string): Promise<Centrifuge> {
  const known = users.get(name);
  if (known) return known;
  const client = await clients.centrifuge(name);
  client.on('publication', ({ channel, data }) => note(name, channel, data));
  client.connect();
  await client.ready(10_000);
  users.set(name, client);
  return client;
}

function note(user: string, channel: string, data: JsonValue): void {
  const key = `${user} ${channel}`;
  shown.set(key, [...(shown.get(key) ?? []), data]);
}

async function subscribe(user: string, channel: string): Promise<Outcome> {
  const subscription = (await userOf(user)).newSubscription(channel);
  subscription.on('publication', ({ data }) => note(user, channel, data));
  const ended = new Promise<Outcome>((resolve) => {
    subscription.on('unsubscribed', ({ code, reason }) => resolve({ code, message: reason }));
  });
  subscription.subscribe();
  return Promise.race([ended, subscription.ready(10_000).then(() => ({ data: {} }))]);
}

const outcomeOf = (asked: Promise<{ data: JsonValue } | object>): Promise<Outcome> =>
  asked.then(
    (reply) => ({ data: 'data' in reply ? reply.data : {} }),
    ({ code, message }) => ({ code, message }),
  );

async function act(step: Step): Promise<Outcome | undefined> {
  switch (step.kind) {
    case 'call':
      return outcomeOf((await userOf(step.user)).rpc(step.method, names.fill(step.data)));
    case 'publish':
      return outcomeOf((await userOf(step.user)).publish(names.fill(step.channel), step.data));
    case 'subscribe':
      return subscribe(step.user, names.fill(step.channel));
    default:
      return undefined;
  }
}

async function check(step: Step, last: Outcome | undefined): Promise<void> {
  if (step.kind === 'reply') {
    const got = last && 'data' in last ? last.data : undefined;
    expect(last).toEqual({ data: names.expected(step.data, got) });
  } else if (step.kind === 'error') {
    const { code, message } = step;
    expect(last).toEqual({ code, message: message === '' ? expect.any(String) : message });
  } else if (step.kind === 'shown') {
    const key = `${step.user} ${names.fill(step.channel)}`;
    await eventually(`something for ${key}`, () => (shown.get(key) ?? []).length > 0);
    const [next, ...rest] = shown.get(key) ?? [];
    shown.set(key, rest);
    expect(next).toEqual(names.expected(step.data, next));
  }
}

it('docs/services.md: each example of chat does what it says', async () => {
  const called = new Set<string>();
  let last: Outcome | undefined;
  for (const [index, step] of steps.entries()) {
    await check(step, last).catch((error: Error) => {
      throw new Error(`${JSON.stringify(step)}: ${error.message}`);
    });
    const acted = await act(step);
    const next = steps[index + 1]?.kind;
    // Where the page tells no answer, it has to be a good one.
    if (acted && next !== 'error' && 'code' in acted)
      throw new Error(`${JSON.stringify(step)}: ${acted.message}`);
    if (step.kind === 'call') called.add(step.method);
    last = acted ?? last;
  }
  expect([...called].sort()).toEqual(methods.map((method) => `chat.${method}`).sort());
}, 60_000);
