import { strict as assert } from 'node:assert';
import { call, type Message, publicationOf, rpc, SOON_MS, subscribe } from './commands';
import type { Scenario } from './scenarios';
import { until } from './until';

const dataOf = (reply: Message) => (reply['rpc'] as { readonly data: Message }).data;

/** What members of a room do with the chat service and its table. */
export const chatScenarios: readonly Scenario[] = [
  {
    name: 'members of a chat room get its messages, and who leaves gets no more',
    run: async (world) => {
      const [owner, member] = [
        await world.connected(world.fresh('owner')),
        await world.connected(world.fresh('member')),
      ];
      const { room } = dataOf(await call(owner, 1, rpc('chat.createRoom', { name: 'Tea' })));
      const channel = `chat:${String(room)}`;
      await call(member, 1, rpc('chat.join', { room }));
      await call(member, 2, subscribe(channel));
      await call(owner, 2, rpc('chat.send', { room, text: 'hi' }));
      assert.equal(((await publicationOf(member)) as Message)['text'], 'hi');
      assert.equal(dataOf(await call(member, 3, rpc('chat.unread', {})))['total'], 1);
      await call(member, 4, rpc('chat.leave', { room }));
      await until(
        'the end of the subscription',
        () => member.frames.join().includes('"unsubscribe"'),
        SOON_MS,
      );
    },
  },
];
