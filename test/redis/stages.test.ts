import {
  DRAINED_MEMBERS,
  type Stages,
  stagesBeforeReply,
  stagesOfDrain,
  stagesOfMoves,
} from '../../bench/stages';
import { testScripts } from './gateway-world';

/** The script that takes posts of the budget: as often as the posts of a round are more than one grant. */
const TAKE = 'hf1take';

function withoutTakes(stages: Stages): Stages {
  return stages.map((names) => names.filter((name) => name !== TAKE)).filter((names) => names.length > 0);
}

describe('waits for Redis', () => {
  const scripts = testScripts();
  afterAll(() => scripts.disconnect());

  it('answers commands after a fixed number of them', async () => {
    const stages = await stagesBeforeReply(scripts);
    const { ping, publish, history, subscribe } = stages;
    expect(ping).toHaveLength(1);
    expect(history).toHaveLength(2);
    expect(subscribe).toHaveLength(4);
    expect(stages['subscribe, listed']).toHaveLength(4);
    expect(stages.presence).toHaveLength(2);
    expect(stages.presenceStats).toHaveLength(2);
    // One before the queue, one behind it.
    expect(publish).toHaveLength(2);
  });

  it('drains a partition with as many calls for 400 members as for one', async () => {
    const drains = [];
    for (const members of DRAINED_MEMBERS) drains.push(await stagesOfDrain(scripts, members));
    expect(drains.map(({ posts }) => posts)).toEqual(DRAINED_MEMBERS);
    const [one] = drains;
    for (const { stages } of drains) {
      // The first posts are asked for beside what a drain waits for anyway.
      expect(stages[2]).toContain(TAKE);
      expect(withoutTakes(stages)).toEqual(withoutTakes(one?.stages ?? []));
    }
    expect(one?.stages).toHaveLength(4);
    expect(one?.stages.flat()).toHaveLength(6);
  }, 60_000);

  it('tells 400 members of a join with as many calls as one', async () => {
    const drains = [];
    for (const members of DRAINED_MEMBERS) drains.push(await stagesOfMoves(scripts, members));
    expect(drains.map(({ posts }) => posts)).toEqual(DRAINED_MEMBERS);
    const [one] = drains;
    for (const { stages } of drains) {
      expect(withoutTakes(stages)).toEqual(withoutTakes(one?.stages ?? []));
    }
    expect(one?.stages).toHaveLength(4);
    expect(one?.stages.flat()).toHaveLength(4);
  }, 60_000);
});
