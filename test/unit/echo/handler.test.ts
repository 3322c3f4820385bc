import { handler } from '../../../lambdas/services/echo/handler';
import {
  envelopeOf,
  eventOf,
  posts,
  sentDeliveries,
  usePlatformDouble,
} from '../service-sdk/platform-double';

usePlatformDouble('echo');

const call = (method: string, data: Parameters<typeof envelopeOf>[1]) =>
  handler(eventOf(envelopeOf(`echo.${method}`, data)));

describe('echo.say', () => {
  it.each([
    ['quotes and line breaks', '"hi"\n\\'],
    ['emoji', '👩‍👩‍👧‍👦 ok'],
    ['20 KB', 'é'.repeat(10 * 1024)],
    ['30 KB', 'x'.repeat(30 * 1024)],
  ])('answers text with %s and the user', async (_, text) => {
    await call('say', { text });
    expect(posts()).toEqual([{ client: 'abc=', frame: { id: 7, rpc: { data: { text, user: 'alice' } } } }]);
  });

  it.each([
    ['no text', {}, 'data.text: expected a value, got none'],
    ['a number', { text: 5 }, 'data.text: expected string, got 5'],
    ['an empty text', { text: '' }, 'data.text: expected at least 1 character, got none'],
    ['too long a text', { text: 'x'.repeat(30_721) }, 'data.text: expected at most 30720 bytes, got 30721'],
    ['no object', null, 'data: expected Object, got null'],
  ])('refuses %s with error 107', async (_, data, reason) => {
    await call('say', data);
    expect(posts()[0]?.frame).toEqual({ id: 7, error: { code: 107, message: `bad request: ${reason}` } });
  });
});

describe('echo.shout', () => {
  it('publishes text and user to the channel, whose courier replies with the offset', async () => {
    await call('shout', { channel: 'room:1', text: 'hi' });
    expect(sentDeliveries().map(({ delivery }) => delivery)).toEqual([
      expect.objectContaining({
        channel: 'room:1',
        data: { text: 'hi', user: 'alice' },
        source: 'echo',
        reply: { client: 'abc=', id: 7, kind: 'rpc', data: {} },
      }),
    ]);
    expect(posts()).toEqual([]);
  });

  it.each(['', 'a b', 'room:{1}', 'c'.repeat(256)])(
    'refuses the channel %j with error 107',
    async (channel) => {
      await call('shout', { channel, text: 'hi' });
      expect(sentDeliveries()).toEqual([]);
      expect(posts()[0]?.frame).toEqual({
        id: 7,
        error: {
          code: 107,
          message: expect.stringMatching(/^bad request: data\.channel: expected a channel name .*/),
        },
      });
    },
  );
});
