import { defineService } from '../../../lambdas/service-sdk';

/** Looks on, and fails each time. */
export const handler = defineService({
  name: 'faulty',
  observe: {
    'poll.tell': {
      handle: () => {
        throw new Error('faulty as it should be');
      },
    },
  },
});
