import { testScripts } from '../redis/gateway-world';
import { rounds } from '../support/counts';
import { operatorRedis } from '../support/redis';
import { type Report, simulate } from './simulate';

const scripts = testScripts();
const operator = operatorRedis();

afterAll(async () => {
  await scripts.disconnect();
  operator.disconnect();
});

/** One seed alone, to look at a run that failed. */
const only = process.env['HOLDFAST_SEED'];
const seeds =
  only === undefined ? Array.from({ length: rounds(30, 2_000) }, (_, index) => index + 1) : [Number(only)];

function describeRun({ seed, faults, violations, trace }: Report): string {
  const broken = violations.map(({ promise, text }) => `  ${promise}: ${text}`);
  return [
    `seed ${seed} with ${faults.join(', ') || 'no trouble'}:`,
    ...broken,
    ...trace.slice(-(only === undefined ? 60 : trace.length)),
    `Replay: HOLDFAST_SEED=${seed} npx jest --selectProjects simulation`,
  ].join('\n');
}

describe('the core under disorder', () => {
  it.each(seeds)(
    'keeps what it promises to every client: seed %i',
    async (seed) => {
      const report = await simulate(seed, scripts, operator);
      if (report.violations.length > 0) throw new Error(describeRun(report));
    },
    60_000,
  );

  it('is decided by its seed', async () => {
    const [seed = 1] = seeds;
    const runs = [await simulate(seed, scripts, operator), await simulate(seed, scripts, operator)];
    expect(runs[1]?.digest).toBe(runs[0]?.digest);
  }, 60_000);
});
