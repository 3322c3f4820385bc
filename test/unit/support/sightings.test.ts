import { faultsOf, type Sighting } from '../../support/sightings';

const subscribed = (
  offset: number,
  more: Partial<Extract<Sighting, { kind: 'subscribed' }>> = {},
): Sighting => ({
  kind: 'subscribed',
  position: { epoch: 'a', offset },
  wasRecovering: false,
  recovered: false,
  ...more,
});
const recovered = (offset: number) => subscribed(offset, { wasRecovering: true, recovered: true });
const lost = (offset: number, epoch = 'a') =>
  subscribed(offset, { position: { epoch, offset }, wasRecovering: true });
const publication = (offset: number): Sighting => ({ kind: 'publication', offset, data: offset });

// The end-to-end suites judge by this, so it has to see what is wrong.
describe('what a subscriber saw', () => {
  it.each([
    ['a subscription from its position on', [subscribed(4), publication(5), publication(6)]],
    ['a return that is recovered', [subscribed(0), publication(1), recovered(1), publication(2)]],
    ['a jump that is told', [subscribed(0), publication(1), lost(7), publication(8)]],
    [
      'an epoch that is told',
      [subscribed(0), publication(1), publication(2), lost(0, 'b'), publication(1), publication(2)],
    ],
  ])('has no fault: %s', (_name, sightings) => {
    expect(faultsOf(sightings)).toEqual([]);
  });

  it.each([
    ['a gap', [subscribed(0), publication(1), publication(3)], /expected 2, got 3/],
    ['a repeat', [subscribed(0), publication(1), publication(1)], /1 of epoch a again/],
    ['a swap', [subscribed(0), publication(2), publication(1)], /expected 1, got 2/],
    ['a publication before its subscription', [publication(1), subscribed(1)], /expected none before/],
    [
      'a repeat behind a return',
      [subscribed(0), publication(1), lost(0), publication(1)],
      /1 of epoch a again/,
    ],
    [
      'a gap over a recovery',
      [subscribed(0), publication(1), recovered(1), publication(3)],
      /expected 2, got 3/,
    ],
    [
      'a recovery from elsewhere',
      [subscribed(0), publication(1), recovered(2)],
      /recovery: expected it from 1/,
    ],
    ['a return without recovery', [subscribed(0), publication(1), subscribed(1)], /expected a recovery/],
  ])('has a fault: %s', (_name, sightings, message) => {
    expect(faultsOf(sightings).join('\n')).toMatch(message);
  });
});
