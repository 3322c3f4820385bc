import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { limitNotes, METRIC_NAMESPACE } from '../../../lambdas/gateway/core/limits/limit-notes';
import { LIMITS, type Limit } from '../../../lambdas/gateway/core/limits/limits';
import { MAX_CONNECTIONS_OF_USER } from '../../../lambdas/gateway/core/limits/users';
import { LIMITS_DEFAULTS } from '../../../lib/limits-config';
import { LIVENESS_DEFAULTS } from '../../../lib/liveness-config';
import { limitsTable } from '../../../scripts/limits';
import { figuresTable } from '../../../scripts/liveness-figures';
import { ingressWorld } from '../gateway/world';

const root = join(__dirname, '..', '..', '..');
const limits: readonly Limit[] = Object.values(LIMITS);

describe('the note of a limit', () => {
  it('is a log line that CloudWatch counts, by environment', () => {
    const lines: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
    const note = limitNotes(
      'dev',
      (_, message, fields = {}) => lines.push({ message, fields }),
      () => 5,
    );
    note('connectsPerNetwork', { network: '203.0.113.7' });
    expect(lines).toEqual([
      {
        message: 'limit reached',
        fields: {
          network: '203.0.113.7',
          limit: 'connectsPerNetwork',
          Environment: 'dev',
          ConnectRateReached: 1,
          _aws: {
            Timestamp: 5,
            CloudWatchMetrics: [
              {
                Namespace: METRIC_NAMESPACE,
                Dimensions: [['Environment']],
                Metrics: [{ Name: 'ConnectRateReached', Unit: 'Count' }],
              },
            ],
          },
        },
      },
    ]);
  });

  it('is written for the subscription that is one too many, beside error 106', async () => {
    const noted: string[] = [];
    const world = ingressWorld('connected', { noteLimit: (name) => noted.push(name) });
    world.answers.set('hf1hold', 'limit');
    expect(await world.serve({ id: 1, subscribe: { channel: 'room:a' } })).toMatchObject([
      { id: 1, error: { code: 106 } },
    ]);
    expect(noted).toEqual(['subscriptionsPerConnection']);
  });
});

describe('the table of limits', () => {
  it('stands in the documentation as it is in the code', () => {
    expect(readFileSync(join(root, 'docs', 'limits.md'), 'utf8')).toContain(limitsTable());
  });

  it('names tests that there are, and a metric no more than once', () => {
    expect(limits.map(({ test }) => test).filter((file) => !existsSync(join(root, file)))).toEqual([]);
    const metrics = limits.flatMap(({ metric }) => (metric === undefined ? [] : [metric]));
    expect(new Set(metrics).size).toBe(metrics.length);
  });

  it('says what the configuration has by default', () => {
    const { subscriptionsPerConnection, connectionsPerUser, connectsPerNetwork } = LIMITS;
    expect(subscriptionsPerConnection.value).toBe(String(LIMITS_DEFAULTS.subscriptionsPerConnection));
    expect(connectionsPerUser.value).toBe(String(LIMITS_DEFAULTS.connectionsPerUser));
    expect(MAX_CONNECTIONS_OF_USER).toBe(LIMITS_DEFAULTS.connectionsPerUser);
    expect(connectsPerNetwork.value).toBe(
      `${LIMITS_DEFAULTS.connectsPerSecond} a second, ${LIMITS_DEFAULTS.connectBurst.toLocaleString('en-US')} at once`,
    );
    expect(LIMITS.commandsPerConnection.value).toContain(
      `${LIMITS_DEFAULTS.commandsPerSecond} a second; at once ${LIMITS_DEFAULTS.commandBurst}`,
    );
    expect(LIMITS.commandsPerUser.value).toContain(`${LIMITS_DEFAULTS.commandsPerSecondOfUser} a second`);
    expect(LIMITS.pendingSeconds.value).toBe(`${LIVENESS_DEFAULTS.pendingSeconds} s`);
  });
});

it('the figures of keep-alive stand in the documentation as they are computed', () => {
  expect(readFileSync(join(root, 'docs', 'operations.md'), 'utf8')).toContain(figuresTable());
});
