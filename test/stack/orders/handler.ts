import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { defineService } from '../../../lambdas/service-sdk';

const number = v.object({ number: v.number() });

/** Takes as long as it likes for each, so that only their queue keeps them in order. */
async function work(): Promise<void> {
  await sleep(Math.random() * 20);
}

export const handler = defineService({
  name: 'orders',
  rpc: {
    put: {
      input: number,
      handle: async ({ data, publish }) => {
        await work();
        await publish('orders:calls', data.number, { replyWithOffset: {} });
      },
    },
  },
  send: {
    input: number,
    handle: async ({ data, publish }) => {
      await work();
      await publish('orders:calls', data.number);
    },
  },
  publish: {
    orders: {
      input: number,
      handle: async ({ data, accept }) => {
        await work();
        await accept(data.number);
      },
    },
  },
});
