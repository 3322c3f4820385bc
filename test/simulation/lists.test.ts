import { testScripts } from '../redis/gateway-world';
import { rounds } from '../support/counts';
import { operatorRedis } from '../support/redis';
import { FAULTS, type Fault } from './faults';
import { simulate } from './simulate';

const scripts = testScripts();
const operator = operatorRedis();

afterAll(async () => {
  await scripts.disconnect();
  operator.disconnect();
});

/** Trouble that takes nothing of what Redis knows. */
const KINDS: readonly Fault[] = FAULTS.slice(0, FAULTS.indexOf('deletions'));

/** Four kinds in a run, each seed others. */
const faultsOf = (seed: number) =>
  [0, 3, 5, 8].flatMap((step) => KINDS[(seed * 7 + step) % KINDS.length] ?? []);

const seeds = Array.from({ length: rounds(20, 500) }, (_, index) => index + 1);

describe('the lists of who is in a channel, under disorder', () => {
  it.each(seeds)(
    'end as the subscriptions do, and the bus was told of all of it: seed %i',
    async (seed) => {
      const faults = faultsOf(seed);
      const { violations, trace } = await simulate(seed, scripts, operator, { faults, listed: true });
      if (violations.length === 0) return;
      const broken = violations.map(({ promise, text }) => `  ${promise}: ${text}`);
      throw new Error(
        [`seed ${seed} with ${faults.join(', ')}:`, ...broken, ...trace.slice(-400)].join('\n'),
      );
    },
    60_000,
  );
});
