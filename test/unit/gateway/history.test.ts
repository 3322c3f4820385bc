import { DEFAULT_RULES, type NamespaceRules } from '../../../lambdas/contract/registry';
import { storesOn } from '../../../lambdas/gateway/core/adapters/state';
import { systemClock } from '../../../lambdas/gateway/core/clock';
import { serveHistory } from '../../../lambdas/gateway/core/commands/history';
import type { HistoryRequest } from '../../../lambdas/gateway/core/delivery/channels';
import { RedisChannels } from '../../../lambdas/gateway/core/delivery/redis-channels';
import { parseFrame } from '../../../lambdas/gateway/core/protocol/parse-frame';
import { ingressWorld } from './world';

const RULES: NamespaceRules = {
  ...DEFAULT_RULES,
  subscribe: 'anyone',
  publish: 'off',
  historySize: 40,
  historyTtlSeconds: 60,
  recover: false,
  presence: false,
  flushEverySeconds: 0,
};

/** Serves a history on a log at offset 7 of epoch `e`; answers what was asked of the log, too. */
async function served(fields: object, rules: Partial<NamespaceRules> = {}) {
  const asked: HistoryRequest[] = [];
  const registry = {
    namespace: async (name: string) => (name === 'room' ? { ...RULES, ...rules } : undefined),
    serviceOf: async () => undefined,
    queueOf: async () => undefined,
    refresh: async () => undefined,
  };
  const channels = new RedisChannels({ run: async () => [] });
  channels.history = async (_, request) => {
    asked.push(request);
    return { epoch: 'e', top: 7, entries: [{ offset: 7, publication: '{"data":"x"}', tag: 't' }] };
  };
  const parsed = parseFrame(JSON.stringify({ id: 3, history: { channel: 'room:a', ...fields } }));
  const [command] = parsed.ok ? parsed.commands : [];
  if (command?.kind !== 'history') throw new Error(`expected a history, got ${command?.kind}`);
  const { connections } = storesOn({ run: async () => null });
  const parts = { registry, channels, connections, clock: systemClock };
  const answer = await serveHistory(parts, { connection: 'c', user: 'alice' }, command);
  return { answer, asked };
}

const refused = (code: number) => expect.objectContaining({ error: expect.objectContaining({ code }) });

describe('a history', () => {
  it('answers publications and the position', async () => {
    expect((await served({ limit: 5 })).answer).toEqual({
      result: 'reply',
      reply: { id: 3, history: { publications: [{ offset: 7, data: 'x' }], epoch: 'e', offset: 7 } },
    });
  });

  it.each<[object, Partial<HistoryRequest>]>([
    [{}, { limit: 0, since: undefined, reverse: false, newest: 40 }],
    [
      { limit: 5, reverse: true },
      { limit: 5, since: undefined, reverse: true },
    ],
    [{ limit: -1 }, { limit: 300 }],
    [{ limit: 300 }, { limit: 300 }],
    [{ limit: 301 }, { limit: 300 }],
    [
      { limit: 1, since: { offset: 4, epoch: 'e' } },
      { limit: 1, since: 4 },
    ],
    [{ limit: 1, since: { offset: 7 } }, { since: 7 }],
    [{ limit: 1, since: {} }, { since: 0 }],
  ])('of %j asks the log for %j', async (fields, expected) => {
    const { answer, asked } = await served(fields);
    expect(asked).toEqual([expect.objectContaining(expected)]);
    expect(answer.result).toBe('reply');
  });

  it.each([
    ['another epoch', { since: { offset: 1, epoch: 'f' } }],
    ['another epoch, for the position alone', { limit: 0, since: { offset: 0, epoch: 'f' } }],
    ['an offset that the log does not have yet', { limit: 1, since: { offset: 8, epoch: 'e' } }],
    ['such an offset without epoch, in reverse', { limit: 1, since: { offset: 8 }, reverse: true }],
  ])('since %s is refused with 112', async (_, fields) => {
    expect((await served(fields)).answer).toEqual(refused(112));
  });

  it.each([
    ['a namespace without history', 108, {}, { historySize: 0 }],
    ['a namespace that nobody registered', 102, { channel: 'none:a' }, {}],
    ['a channel with a brace', 107, { channel: 'room:{a}' }, {}],
    ['a user that the channel does not name', 103, { channel: 'room:a#bob' }, { subscribe: 'user-limited' }],
  ] as const)('of %s is refused with %d, and nothing is read', async (_, code, fields, rules) => {
    const { answer, asked } = await served(fields, rules);
    expect(answer).toEqual(refused(code));
    expect(asked).toEqual([]);
  });
});

describe('a history command', () => {
  it('waits for one script', async () => {
    const world = ingressWorld();
    world.answers.set('hf1history', ['e', '1', '1', '{"data":"x"}', 't']);
    expect(await world.serve({ id: 3, history: { channel: 'room:a', limit: 1 } })).toEqual([
      { id: 3, history: { publications: [{ offset: 1, data: 'x' }], epoch: 'e', offset: 1 } },
    ]);
    expect(world.ran).toEqual(['hf1enter', 'hf1history']);
  });

  it('gets a temporary error where Redis is away', async () => {
    const world = ingressWorld();
    world.answers.set('hf1history', new Error('away'));
    expect(await world.serve({ id: 3, history: { channel: 'room:a', limit: 1 } })).toEqual([
      { id: 3, error: { code: 100, message: 'internal server error', temporary: true } },
    ]);
  });

  it('of wrong types is refused with 107', async () => {
    expect(await ingressWorld().serve({ id: 3, history: { channel: 'room:a', limit: 'all' } })).toEqual([
      { id: 3, error: { code: 107, message: 'bad request' } },
    ]);
  });
});
