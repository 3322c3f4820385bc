import { BAD_INPUTS, badData } from '../../support/chat/bad-inputs';
import { usePlatformDouble } from '../service-sdk/platform-double';
import { ChatWorld } from './world';

usePlatformDouble('chat');

it.each(BAD_INPUTS)('chat.%s answers %s with what it expected and got', async (method, _, change, reason) => {
  const world = new ChatWorld();
  const room = await world.room('alice', ['bob']);
  await world.done('alice', 'send', { room, text: 'hi' });
  const answer = await world.call('alice', method, badData(method, room, change));
  expect(answer).toEqual({ error: { code: 107, message: `bad request: ${reason}` } });
});

it.each(['createRoom', 'send', 'history', 'unread'])(
  'chat.%s answers data that is no object',
  async (method) => {
    const answer = await new ChatWorld().call('alice', method, 'text');
    expect(answer).toMatchObject({
      error: { code: 107, message: expect.stringMatching(/data: expected .*, got "text"/) },
    });
  },
);
