import fc from 'fast-check';
import { isChannelName } from '../../../lambdas/contract/channel';
import { DISCONNECTS } from '../../../lambdas/contract/codes';
import { parseFrame } from '../../../lambdas/gateway/core/protocol/parse-frame';
import { rounds } from '../../support/counts';
import { ingressWorld } from './world';

/** Text that passes no check of a name, so that it may stand nowhere but in data. */
const MARK = '§mark';

const COMMANDS = [
  'connect',
  'subscribe',
  'unsubscribe',
  'publish',
  'presence',
  'presence_stats',
  'history',
  'rpc',
  'send',
  'refresh',
  'sub_refresh',
  'ping',
] as const;
const FIELDS = [
  ...['channel', 'token', 'data', 'method', 'subs', 'recover', 'offset', 'epoch', 'limit', 'since'],
  ...['reverse', 'join_leave', 'name', 'headers', '__proto__', 'constructor'],
];

/** Names: some that are good, some that nearly are. */
const text = fc.oneof(
  fc.constantFrom(
    'room:a',
    'club:a',
    'user:#alice',
    'quiet:1',
    'echo.say',
    'none.such',
    MARK,
    `room:${MARK}`,
  ),
  fc.constantFrom(`room:{${MARK}}`, `${MARK}.say`, 'room:}{c:x}', '', 'a'.repeat(300), '\u0000', '"\\'),
  fc.string(),
);
const value = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.oneof(fc.integer(), fc.double(), fc.constantFrom(null, true, false)),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...FIELDS, MARK), tie('json'), { maxKeys: 3 }),
  ),
})).json;
const fields = fc.dictionary(fc.constantFrom(...FIELDS), fc.oneof({ weight: 3, arbitrary: text }, value), {
  maxKeys: 4,
});
const command = fc
  .tuple(
    fc.constantFrom(...COMMANDS),
    fc.oneof({ weight: 5, arbitrary: fields }, value),
    fc.integer({ min: -1, max: 9 }),
  )
  .map(([name, payload, id]) => JSON.stringify({ ...(id < 0 ? {} : { id }), [name]: payload }));
const line = fc.oneof(
  { weight: 6, arbitrary: command },
  fc.string(),
  fc.string({ unit: 'binary' }),
  value.map((json) => JSON.stringify(json)),
  command.map((json) => json.slice(0, -1)),
  fc.constant(`${'['.repeat(200)}${MARK}`),
);
const frame = fc.array(line, { maxLength: 5 }).map((lines) => lines.join('\n'));

function worldOf(state: 'pending' | 'connected' | 'closed' | '') {
  const world = ingressWorld(state, { sendService: 'inbox', anonymous: true });
  world.namespaces.set('club', { owner: 'clubs', subscribe: 'service', publish: 'service' });
  world.answers.set('hf1history', ['e', '0']);
  return world;
}

/** The key's part in braces, which chooses the slot. */
const KEY = /^hf1:\{(?:c:conn=|u:alice|due:\d+|(?:ch|w|p\d+):([^{}]+))\}(?::[a-z]+(?::[\w-]+)?)?$/;

function checkMessage(message: string): void {
  const { id, push, ...payload } = JSON.parse(message) as Record<string, unknown>;
  expect((id === undefined) !== (push === undefined)).toBe(true);
  if (push === undefined) expect(Object.keys(payload)).toHaveLength(1);
  expect(message).not.toContain('undefined');
  expect(message).not.toContain(MARK);
}

describe('any frame', () => {
  it('is read, or refused without a word of it', () => {
    fc.assert(
      fc.property(frame, (input) => {
        const parsed = parseFrame(input);
        if (!parsed.ok) expect(parsed.reason).not.toContain(MARK);
      }),
      { numRuns: rounds(2_000, 100_000) },
    );
  });

  it('is answered with protocol messages only, and nothing of it gets anywhere unchecked but as data', async () => {
    await fc.assert(
      fc.asyncProperty(frame, fc.constantFrom('pending', 'connected', 'closed', ''), async (input, state) => {
        const world = worldOf(state);
        await world.ingress.handle('conn=', input);
        for (const message of world.frames.flatMap((frame) => frame.split('\n'))) checkMessage(message);
        for (const { keys } of world.calls) {
          for (const key of keys) {
            expect(key).toMatch(KEY);
            expect(isChannelName(KEY.exec(key)?.[1] ?? 'none')).toBe(true);
          }
        }
        expect(JSON.stringify(world.lines)).not.toContain(MARK);
        expect(JSON.stringify(world.wakes)).not.toContain(MARK);
        for (const { data: _, ...names } of [...world.envelopes, ...world.deliveries]) {
          expect(JSON.stringify(names)).not.toContain(MARK);
        }
      }),
      { numRuns: rounds(500, 100_000) },
    );
  }, 1_200_000);

  it('that is none closes its connection with 3501', async () => {
    await fc.assert(
      fc.asyncProperty(frame, async (input) => {
        fc.pre(!parseFrame(input).ok);
        const world = worldOf('connected');
        await world.ingress.handle('conn=', input);
        expect(world.frames.map((sent) => JSON.parse(sent) as unknown)).toEqual([
          { push: { disconnect: DISCONNECTS.badRequest } },
        ]);
        expect(world.closed).toEqual(['conn=']);
        expect(world.ran[0]).toBe('hf1close');
        expect(world.ran).not.toContain('hf1enter');
      }),
      { numRuns: rounds(100, 5_000) },
    );
  }, 300_000);
});
