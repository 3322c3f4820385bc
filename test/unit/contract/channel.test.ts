import fc from 'fast-check';
import { isChannelName, namesUser, userChannel } from '../../../lambdas/contract/channel';
import { rounds } from '../../support/counts';

describe('namesUser', () => {
  it.each([
    ['user:#alice', 'alice', true],
    ['dialog:1#alice,bob', 'alice', true],
    ['dialog:1#alice,bob', 'bob', true],
    ['dialog:1#alice,bob', 'carol', false],
    ['dialog:1#alice,bob', 'alice,bob', false],
    ['dialog:1#alice,bob', 'ali', false],
    ['dialog:1#alice', 'Alice', false],
    ['dialog:alice', 'alice', false],
    ['dialog:alice', 'dialog:alice', false],
    ['dialog:#alice#bob', 'alice', false],
    ['dialog:#alice#bob', 'bob', true],
    ['dialog:1#', '', false],
    ['dialog:1#alice,', '', false],
    ['', '', false],
  ])('of %s and "%s" is %s', (channel, user, named) => {
    expect(namesUser(channel, user)).toBe(named);
  });
});

describe('userChannel', () => {
  it.each([
    ['alice', 'user:#alice'],
    ['auth0|5f7c', 'user:#auth0|5f7c'],
    ['a@example.com', 'user:#a@example.com'],
    ['a:b', 'user:#a:b'],
    ['a'.repeat(249), `user:#${'a'.repeat(249)}`],
    ['a'.repeat(250), undefined],
    ['', undefined],
    ['two words', undefined],
    ['Grüße', undefined],
    ['a{b}', undefined],
    ['alice,bob', undefined],
    ['x#alice', undefined],
  ])('of "%s" is %s', (user, channel) => {
    expect(userChannel(user)).toBe(channel);
  });

  it('is a channel that names that user and nobody else, whatever the id is', () => {
    const id = fc.string({
      unit: fc.constantFrom('a', 'b', ',', '#', ':', ' ', '{', '}', 'é'),
      maxLength: 6,
    });
    fc.assert(
      fc.property(id, id, (user, other) => {
        const channel = userChannel(user);
        if (channel === undefined) return;
        expect(isChannelName(channel)).toBe(true);
        expect(namesUser(channel, other)).toBe(other === user);
      }),
      { numRuns: rounds(1_000, 100_000) },
    );
  });
});
