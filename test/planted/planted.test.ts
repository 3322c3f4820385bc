import { testScripts } from '../redis/gateway-world';
import { BUGS, type Bug, planted } from '../simulation/planted';
import { simulate } from '../simulation/simulate';
import { operatorRedis } from '../support/redis';

/** Seeds in which a planted bug has to be found. */
const SEEDS = 300;

const scripts = testScripts();
const operator = operatorRedis();

afterAll(async () => {
  await scripts.disconnect();
  operator.disconnect();
});

async function firstViolation(bug: Bug): Promise<string | undefined> {
  const startedAt = Date.now();
  const { faults, listed } = bug;
  const options = { faults, ...(listed === undefined ? {} : { listed }) };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations } = await simulate(seed, planted(bug, scripts), operator, options);
    const [first] = violations;
    if (first === undefined) continue;
    // It counts only where the core without the bug is innocent.
    const without = await simulate(seed, scripts, operator, options);
    if (without.violations.length > 0) continue;
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    process.stderr.write(`${bug.name}: seed ${seed}, ${seconds} s, ${first.promise}: ${first.text}\n`);
    return first.promise;
  }
  return undefined;
}

describe('the simulation', () => {
  it.each(BUGS)(
    'finds that $name',
    async (bug) => {
      expect(await firstViolation(bug)).toBeDefined();
    },
    600_000,
  );
});
