import * as v from 'valibot';
import { defineService, type JsonValue } from '../../../lambdas/service-sdk';

/** Compiles only where both types are the same. */
type Same<One, Two> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Two ? 1 : 2 ? true : false;
const same = <Verdict extends true>(verdict: Verdict) => verdict;

describe('types of a service', () => {
  it('give each method the data of its own schema', () => {
    const handler = defineService({
      name: 'typed',
      rpc: {
        one: {
          input: v.object({ text: v.string() }),
          handle: ({ data }) => {
            same<Same<typeof data, { text: string }>>(true);
            return data.text;
          },
        },
        two: {
          input: v.optional(v.number(), 5),
          handle: async ({ data }) => {
            same<Same<typeof data, number>>(true);
          },
        },
        unchecked: {
          handle: ({ data }) => {
            same<Same<typeof data, unknown>>(true);
          },
        },
        // @ts-expect-error: a reply is JSON.
        noJson: { handle: () => new Map() },
      },
    });
    expect(typeof handler).toBe('function');
  });

  it('take any object of JSON values as a reply', () => {
    interface Room {
      readonly name: string;
      readonly members: readonly string[];
    }
    const room: Room = { name: 'a', members: ['b'] };
    const reply: JsonValue = { ...room };
    expect(reply).toEqual(room);
  });
});
