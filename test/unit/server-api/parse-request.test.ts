import fc from 'fast-check';
import { parseRequest } from '../../../lambdas/gateway/core/server-api/parse-request';
import { METHODS, type Method, NOT_AVAILABLE } from '../../../lambdas/gateway/core/server-api/requests';

const GOOD: { readonly [name in Method]: object } = {
  publish: { channel: 'room:1', data: 1 },
  broadcast: { channels: ['room:1'], data: 1 },
  subscribe: { user: 'alice', channel: 'room:1' },
  unsubscribe: { user: 'alice', channel: 'room:1' },
  disconnect: { user: 'alice' },
  presence: { channel: 'room:1' },
  presence_stats: { channel: 'room:1' },
  history: { channel: 'room:1' },
  history_remove: { channel: 'room:1' },
  info: {},
  reply: { client: 'c', id: 1, result: {} },
  delivered: { user: 'alice', idempotency_key: 'k' },
  revoke: { user: 'alice' },
};

describe('a request', () => {
  it.each(METHODS)('of %s is read with what it needs alone', (method) => {
    expect(parseRequest(method, GOOD[method])).toMatchObject({ result: 'ok', request: GOOD[method] });
  });

  it.each(METHODS.flatMap((method) => Object.keys(GOOD[method]).map((field) => [method, field] as const)))(
    'of %s is refused without %s',
    (method, field) => {
      const { [field]: _, ...rest } = { ...GOOD[method] } as Record<string, unknown>;
      expect(parseRequest(method, rest)).toEqual({
        result: 'refused',
        error: { code: 107, message: expect.stringMatching(/^bad request: \w+: expected .+, got \w+$/) },
      });
    },
  );

  it.each(METHODS)('of %s is none where it is no object, or has a field of no meaning', (method) => {
    for (const value of [null, [], 'x', 5, true, { ...GOOD[method], surprise: 1 }]) {
      expect(parseRequest(method, value)).toMatchObject({ result: 'malformed', error: { code: 107 } });
    }
  });

  it.each(
    METHODS.flatMap((method) =>
      Object.keys(NOT_AVAILABLE[method] ?? {}).map((field) => [method, field] as const),
    ),
  )('of %s may have an empty %s and no other', (method, field) => {
    for (const empty of [null, false, '', 0, [], {}]) {
      expect(parseRequest(method, { ...GOOD[method], [field]: empty })).toMatchObject({ result: 'ok' });
    }
    for (const given of [true, 'x', 1, [1], { value: true }]) {
      expect(parseRequest(method, { ...GOOD[method], [field]: given })).toEqual({
        result: 'refused',
        error: { code: 108, message: expect.stringContaining(`${field}: expected none, since `) },
      });
    }
  });
});

describe('a field', () => {
  it.each<[Method, string, object, 'malformed' | 'refused', string]>([
    ['publish', 'channel', { channel: 5 }, 'malformed', 'channel: expected string, got number'],
    ['publish', 'channel', { channel: 'a{b}' }, 'refused', 'channel: expected 1 to 255 printable'],
    ['publish', 'key', { idempotency_key: 'k'.repeat(129) }, 'refused', 'expected at most 128 characters'],
    ['publish', 'version', { version: -1 }, 'refused', 'version: expected at least 0, got number'],
    ['publish', 'version', { version: 1.5 }, 'refused', 'version: expected an integer, got number'],
    ['publish', 'delta', { delta: 'x' }, 'malformed', 'delta: expected boolean, got 1 characters'],
    ['broadcast', 'channels', { channels: 'room:1' }, 'malformed', 'channels: expected Array'],
    ['broadcast', 'channels', { channels: [] }, 'refused', 'channels: expected at least 1 channel'],
    ['broadcast', 'channels', { channels: ['room:1', 'a b'] }, 'refused', 'channels.1: expected 1 to 255'],
    [
      'broadcast',
      'channels',
      { channels: Array.from({ length: 1_001 }, () => 'room:1') },
      'refused',
      'at most 1000 channels',
    ],
    ['subscribe', 'info', { info: 'x' }, 'malformed', 'info: expected a JSON object'],
    [
      'disconnect',
      'code',
      { disconnect: { code: 2999 } },
      'refused',
      'disconnect.code: expected at least 3000',
    ],
    ['disconnect', 'whitelist', { whitelist: [5] }, 'malformed', 'whitelist.0: expected string, got number'],
    ['history', 'since', { since: { offset: -1 } }, 'refused', 'since.offset: expected at least 0'],
    ['history', 'since', { since: 5 }, 'malformed', 'since: expected Object, got number'],
    ['reply', 'both', { error: { code: 100 } }, 'refused', 'expected either result or error'],
    ['reply', 'id', { id: 2 ** 32 }, 'refused', 'id: expected at most 4294967295'],
    ['revoke', 'time', { issued_before: '1' }, 'malformed', 'issued_before: expected number'],
  ])('of %s (%s) that is wrong is named with what was expected', (method, _, more, result, text) => {
    const parsed = parseRequest(method, { ...GOOD[method], ...more });
    expect(parsed).toMatchObject({ result, error: { code: 107, message: expect.stringContaining(text) } });
  });

  it('that nobody knows is echoed only where it can be nothing but a name', () => {
    const parsed = parseRequest('publish', { ...GOOD.publish, '<script>': 1 });
    expect(JSON.stringify(parsed)).not.toContain('script');
    expect(parseRequest('publish', { ...GOOD.publish, chanel: 1 })).toMatchObject({
      error: { message: expect.stringMatching(/: chanel: expected channel, data, .* got a field/) },
    });
  });

  it('of data keeps null, others lose it', () => {
    expect(parseRequest('publish', { channel: 'room:1', data: null, version: null })).toEqual({
      result: 'ok',
      request: { channel: 'room:1', data: null },
    });
  });
});

const runs = process.env['HOLDFAST_TEST'] === 'long' ? 50_000 : 500;

it('is read or refused, whatever it is, and nothing of a value is in the answer', () => {
  const secret = 'SECRET-VALUE';
  const value = fc.oneof(fc.constant(secret), fc.jsonValue());
  const fields = [...new Set(METHODS.flatMap((method) => Object.keys(GOOD[method])))];
  const body = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(fc.oneof(fc.constantFrom(...fields), fc.string()), value),
  );
  fc.assert(
    fc.property(fc.constantFrom(...METHODS), body, (method, given) => {
      const parsed = parseRequest(method, given);
      if (parsed.result === 'ok') return;
      expect([107, 108]).toContain(parsed.error.code);
      expect(parsed.error.message).not.toContain(secret);
    }),
    { numRuns: runs },
  );
});
