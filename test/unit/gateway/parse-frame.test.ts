import fc from 'fast-check';
import { FRAME_BYTES } from '../../../lambdas/contract/frames';
import { parseFrame } from '../../../lambdas/gateway/core/protocol/parse-frame';
import { rounds } from '../../support/counts';

const command = (text: string) => {
  const parsed = parseFrame(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.commands;
};

describe('parseFrame', () => {
  const read: readonly (readonly [string, object])[] = [
    ['{}', { kind: 'pong' }],
    ['{"send":{"data":1}}', { kind: 'send' }],
    ['{"id":1,"connect":{}}', { kind: 'connect', id: 1, token: '', recover: new Map() }],
    [
      '{"id":1,"connect":{"token":"t","subs":{"a":{"recover":true,"offset":3,"epoch":"e"},"b":{}},"name":"js"}}',
      { kind: 'connect', id: 1, token: 't', recover: new Map([['a', { offset: 3, epoch: 'e' }]]) },
    ],
    ['{"id":2,"subscribe":{"channel":"c"}}', { kind: 'subscribe', id: 2, channel: 'c', recover: undefined }],
    [
      '{"id":2,"subscribe":{"channel":"c","recover":true,"epoch":"e","flag":1}}',
      { kind: 'subscribe', id: 2, channel: 'c', recover: { offset: 0, epoch: 'e' } },
    ],
    ['{"id":3,"unsubscribe":{"channel":"c"}}', { kind: 'unsubscribe', id: 3, channel: 'c' }],
    ['{"id":3,"unsubscribe":{}}', { kind: 'unsubscribe', id: 3, channel: '' }],
    ['{"id":4,"publish":{"channel":"c","data":null}}', { kind: 'publish', id: 4, channel: 'c', data: null }],
    ['{"id":3,"unsubscribe":null}', { kind: 'unsubscribe', id: 3, channel: '' }],
    ['{"id":1,"connect":{"token":null,"subs":null}}', { kind: 'connect', token: '', recover: new Map() }],
    [
      '{"id":2,"subscribe":{"channel":"c","token":null,"data":null,"recover":null,"offset":null,"epoch":null}}',
      { kind: 'subscribe', id: 2, channel: 'c', token: '', data: null, recover: undefined },
    ],
    ['{"id":4,"publish":{"channel":"c"}}', { kind: 'publish', id: 4, channel: 'c', data: undefined }],
    ['{"id":5,"rpc":{"method":"a.b","data":[1]}}', { kind: 'rpc', id: 5, method: 'a.b', data: [1] }],
    ['{"id":5,"rpc":{"method":"a.b"}}', { kind: 'rpc', id: 5, method: 'a.b', data: null }],
    [
      '{"id":6,"history":{"channel":"c"}}',
      { kind: 'history', id: 6, channel: 'c', limit: 0, since: undefined, reverse: false },
    ],
    [
      '{"id":6,"history":{"channel":"c","limit":-1,"since":{"offset":3,"epoch":"e"},"reverse":true}}',
      { kind: 'history', id: 6, channel: 'c', limit: -1, since: { offset: 3, epoch: 'e' }, reverse: true },
    ],
    [
      '{"id":6,"history":{"channel":"c","limit":10,"since":{}}}',
      { kind: 'history', id: 6, channel: 'c', limit: 10, since: { offset: 0, epoch: '' }, reverse: false },
    ],
    ['{"id":6,"history":{"channel":"c","since":null}}', { kind: 'history', since: undefined }],
    [
      '{"id":7,"history":{}}',
      { kind: 'refused', id: 7, name: 'history', reason: 'channel: expected text, got none' },
    ],
    [
      '{"id":7,"history":{"channel":"c","limit":1.5}}',
      { kind: 'refused', id: 7, name: 'history', reason: 'limit: expected an integer, got 1.5' },
    ],
    ['{"id":7,"history":{"channel":"c","limit":2147483648}}', { kind: 'refused', id: 7 }],
    ['{"id":7,"history":{"channel":"c","limit":"all"}}', { kind: 'refused', id: 7 }],
    [
      '{"id":7,"history":{"channel":"c","reverse":1}}',
      { kind: 'refused', id: 7, name: 'history', reason: 'reverse: expected true or false, got 1' },
    ],
    [
      '{"id":7,"history":{"channel":"c","since":5}}',
      { kind: 'refused', id: 7, name: 'history', reason: 'since: expected an object, got 5' },
    ],
    ['{"id":7,"history":{"channel":"c","since":{"offset":-1}}}', { kind: 'refused', id: 7 }],
    ['{"id":7,"history":{"channel":"c","since":{"epoch":1}}}', { kind: 'refused', id: 7 }],
    ['{"id":4294967295,"ping":{}}', { kind: 'ping', id: 4294967295 }],
    ...['presence', 'presence_stats', 'refresh', 'sub_refresh'].map(
      (name) => [`{"id":6,"${name}":{}}`, { kind: 'refused', id: 6, name }] as const,
    ),
    ['{"id":6,"presence":{"channel":"c"}}', { kind: 'presence', id: 6, channel: 'c' }],
    ['{"id":6,"presence_stats":{"channel":"c"}}', { kind: 'presence_stats', id: 6, channel: 'c' }],
    ['{"id":6,"refresh":{"token":"t"}}', { kind: 'refresh', id: 6, token: 't' }],
    [
      '{"id":6,"sub_refresh":{"channel":"c","token":"t"}}',
      { kind: 'sub_refresh', id: 6, channel: 'c', token: 't' },
    ],
    ['{"id":6,"sub_refresh":{"channel":"c"}}', { kind: 'refused', id: 6, name: 'sub_refresh' }],
    ['{"id":6,"send":{"data":1}}', { kind: 'send', place: 6, data: 1 }],
    ['{"send":null}', { kind: 'send', place: undefined, data: null }],
    [
      '{"id":7,"subscribe":{"channel":5}}',
      { kind: 'refused', id: 7, name: 'subscribe', reason: 'channel: expected text, got 5' },
    ],
    [
      '{"id":7,"rpc":[]}',
      { kind: 'refused', id: 7, name: 'rpc', reason: 'expected an object, got an array' },
    ],
    [
      '{"id":7,"connect":{"token":{}}}',
      { kind: 'refused', id: 7, name: 'connect', reason: 'token: expected text, got object' },
    ],
    ['{"id":7,"subscribe":{"channel":"c","offset":-1}}', { kind: 'refused', id: 7 }],
    ['{"id":7,"subscribe":{"channel":"c","offset":1e300}}', { kind: 'refused', id: 7 }],
    ['{"id":7,"subscribe":{"channel":"c","epoch":1}}', { kind: 'refused', id: 7 }],
    ['{"id":7,"publish":{"channel":null,"data":1}}', { kind: 'refused', id: 7 }],
    ['{"id":7,"connect":{"subs":{"a":1}}}', { kind: 'refused', id: 7 }],
  ];
  it.each(read)('reads %s', (text, expected) => {
    expect(command(text)).toMatchObject([expected]);
  });

  it.each([
    ['', 'line 1: expected JSON'],
    ['hello', 'line 1: expected JSON'],
    ['{"id":1,"ping":{}}\n\n{"id":2,"ping":{}}', 'line 2: expected JSON'],
    ['[]', 'line 1: expected an object, got an array'],
    ['null', 'line 1: expected an object, got null'],
    ['"secret"', 'line 1: expected an object, got string'],
    ['{"id":1}', 'expected exactly one command, got 0'],
    ['{"id":1,"nothing":{}}', 'expected exactly one command, got 0'],
    ['{"id":1,"toString":{}}', 'expected exactly one command, got 0'],
    ['{"id":1,"__proto__":{}}', 'expected exactly one command, got 0'],
    ['{"id":1,"ping":{},"rpc":{}}', 'expected exactly one command, got 2'],
    ['{"ping":{}}', 'expected an id from 1 to 4294967295 for ping, got none'],
    ['{"id":0,"ping":{}}', 'for ping, got 0'],
    ['{"id":4294967296,"ping":{}}', 'for ping, got 4294967296'],
    ['{"id":1.5,"ping":{}}', 'for ping, got 1.5'],
    ['{"id":"1","ping":{}}', 'for ping, got string'],
    [`{"id":1,"rpc":{"data":${'['.repeat(200)}${']'.repeat(200)}}}`, 'expected at most 128 levels, got 202'],
    [`{"id":1,"rpc":{"data":"${'x'.repeat(FRAME_BYTES)}"}}`, 'frame: expected at most 32768 bytes, got'],
  ])('refuses %.60s', (text, reason) => {
    expect(parseFrame(text)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  it('counts bytes, not characters', () => {
    expect(parseFrame(`{"id":1,"rpc":{"method":"${'é'.repeat(FRAME_BYTES / 2)}"}}`).ok).toBe(false);
  });

  it('takes brackets in text for text', () => {
    const text = JSON.stringify({ id: 1, rpc: { method: 'a.b', data: `${'['.repeat(300)}"\\"[` } });
    expect(parseFrame(text).ok).toBe(true);
  });

  it('keeps the order of a frame', () => {
    const lines = [1, 2, 3].map((id) => JSON.stringify({ id, ping: {} }));
    expect(command(`${lines.join('\n')}\n`).map((item) => 'id' in item && item.id)).toEqual([1, 2, 3]);
  });

  it('returns whatever the text is, and its reason repeats nothing of it', () => {
    const marker = 'k4TzQ';
    const names = fc.constantFrom(
      'id',
      'connect',
      'subscribe',
      'publish',
      'history',
      'since',
      'limit',
      'rpc',
      'send',
      'channel',
      marker,
    );
    const value = fc.letrec((tie) => ({
      json: fc.oneof(
        { depthSize: 'small' },
        fc.integer(),
        fc.constantFrom(marker, true, null, 1e300, -1),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(names, tie('json'), { maxKeys: 4 }),
      ),
    })).json;
    const text = fc.oneof(
      fc.string(),
      value.map((json) => JSON.stringify(json)),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (lines) => {
        const parsed = parseFrame(lines.join('\n'));
        if (!parsed.ok) expect(parsed.reason).not.toContain(marker);
        else for (const item of parsed.commands) expect(typeof item.kind).toBe('string');
      }),
      { numRuns: rounds(500, 100_000) },
    );
  });
});
