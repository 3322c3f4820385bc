import * as v from 'valibot';
import { defineService, TABLE_KEY } from '../../../lambdas/service-sdk';

/** Notes what is told, once. What says so finds it broken, until it is replayed. */
export const handler = defineService({
  name: 'notes',
  replays: true,
  observe: {
    'poll.tell': {
      input: v.object({ room: v.string(), text: v.string() }),
      handle: async ({ data: { room, text }, replayed, once, publish }) => {
        if (text.startsWith('broken') && !replayed) throw new Error('the release of yesterday');
        const Item = { [TABLE_KEY.partition]: room, [TABLE_KEY.sort]: text };
        const { repeated } = await once([{ Put: { Item } }]);
        await publish(`notes:${room}`, { text, repeated });
      },
    },
  },
});
