import { setImmediate as turn } from 'node:timers/promises';
import { Turns } from '../../local/turns';

it('does one piece of work per turn of the event loop, in order', async () => {
  const turns = new Turns();
  const done: number[] = [];
  for (let n = 0; n < 3; n++) turns.add(() => void done.push(n));
  expect([turns.pending, done]).toEqual([3, []]);
  await turn();
  expect(done).toEqual([0]);
  await turns.idle();
  expect(done).toEqual([0, 1, 2]);
  await turns.idle();
});

it('lets a caller wait for its turn behind what was there', async () => {
  const turns = new Turns();
  const done: string[] = [];
  turns.add(() => void done.push('first'));
  await turns.next();
  expect(done).toEqual(['first']);
});

it('drops what waits when it is closed', async () => {
  const turns = new Turns();
  const work = jest.fn();
  turns.add(work);
  const idle = turns.idle();
  turns.close();
  await idle;
  await turn();
  expect(work).not.toHaveBeenCalled();
});
