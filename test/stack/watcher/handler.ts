import * as v from 'valibot';
import { defineService } from '../../../lambdas/service-sdk';

/** Looks on at what another service is asked. */
export const handler = defineService({
  name: 'watcher',
  observe: {
    'poll.tell': {
      input: v.object({ room: v.string() }),
      handle: ({ data, user, publish }) => publish('watcher:seen', { user, room: data.room }),
    },
  },
});
