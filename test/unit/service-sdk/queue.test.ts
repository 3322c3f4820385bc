import { defineService } from '../../../lambdas/service-sdk';
import { commandOf, envelopeOf, eventOf, lines, posts, usePlatformDouble } from './platform-double';

usePlatformDouble('probe');

let heard: unknown[] = [];
let broken: unknown;
beforeEach(() => {
  heard = [];
  broken = undefined;
});

const handle = async ({ data }: { readonly data: unknown }) => {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
  if (data === broken) throw new Error('disk');
  heard.push(data);
};
const handler = defineService({
  name: 'probe',
  rpc: { put: { handle } },
  publish: { room: { handle } },
  send: { handle },
});

type Event = ReturnType<typeof eventOf>;
const record = (event: Event, group: string | undefined, messageId: string) => ({
  messageId,
  body: JSON.stringify(event),
  attributes: { ...(group && { MessageGroupId: group }) },
});
const sent = (data: number) => eventOf(commandOf('probe', 'send', data));
const batch = (...Records: ReturnType<typeof record>[]) => handler({ Records });

it('events of a group are handled in their order', async () => {
  const numbers = Array.from({ length: 10 }, (_, index) => index);
  expect(await batch(...numbers.map((n) => record(sent(n), 'c', `m${n}`)))).toEqual({
    batchItemFailures: [],
  });
  expect(heard).toEqual(numbers);
});

it('one that fails comes again with what follows it in its group, and with nothing else', async () => {
  broken = 1;
  const records = [record(sent(0), 'a', 'm0'), record(sent(1), 'a', 'm1'), record(sent(2), 'b', 'm2')];
  const response = await batch(...records, record(sent(3), 'a', 'm3'));
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }, { itemIdentifier: 'm3' }] });
  expect(heard).toEqual(expect.arrayContaining([0, 2]));
  expect(heard).toHaveLength(2);
});

it('without groups each stands for itself', async () => {
  broken = 0;
  const records = [0, 1, 2].map((n) => record(sent(n), undefined, `m${n}`));
  expect(await batch(...records)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
});

it.each([
  ['a call', () => eventOf(envelopeOf('probe.put', 1))],
  ['a publish', () => eventOf(commandOf('probe', 'publish', 1))],
])('%s that fails is answered with error 100 and does not come again', async (_, make) => {
  broken = 1;
  expect(await batch(record(make(), 'c', 'm'))).toEqual({ batchItemFailures: [] });
  expect(posts()).toMatchObject([{ frame: { id: 7, error: { code: 100, temporary: true } } }]);
  expect(lines).toMatchObject([{ message: 'handler failed', cause: 'disk' }]);
});

it('what is no event comes again until the queue puts it aside', async () => {
  const response = await handler({ Records: [{ messageId: 'm', body: 'no JSON' }] });
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: 'm' }] });
});
