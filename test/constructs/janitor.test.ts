import {
  IDLE_LIMIT_SECONDS,
  LIFE_LIMIT_SECONDS,
  PLANNED_SPREAD,
} from '../../lambdas/contract/liveness-rules';
import { TOTAL_TIMEOUT_MS } from '../../lambdas/gateway/core/adapters/redis-scripts';
import {
  CONNECTION_TTL_SECONDS,
  TOMBSTONE_TTL_SECONDS,
} from '../../lambdas/gateway/core/connections/connection';
import { CLAIM_MS } from '../../lambdas/gateway/core/liveness/due-set';
import { RUN_MS } from '../../lambdas/gateway/core/liveness/janitor';
import { EXPIRY_GRACE_MS } from '../../lambdas/gateway/core/liveness/prognosis';
import { makeConfig } from '../../lib/config';
import { JANITOR_EVERY, JANITOR_TIMEOUT } from '../../lib/constructs/janitor';
import { limitRulesOf } from '../../lib/limits-config';
import { resource, resourcesOf, templateOf } from './assembly';

const gateway = templateOf('dev', 'gateway');
const { liveness, limits } = makeConfig('dev', {});

/** How late a look may come: it just missed a run, and the next one comes to it last. */
const LATE_SECONDS = JANITOR_EVERY.toSeconds() + RUN_MS / 1000;

describe('the janitor', () => {
  const rule = resource(gateway, 'AWS::Events::Rule', 'JanitorSchedule');

  it('runs every minute, and is not repeated where it fails', () => {
    expect(rule.Properties).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [
        {
          Input: '{"of":1,"index":0}',
          RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
        },
      ],
    });
  });

  it('may be invoked by its schedule alone', () => {
    const permissions = resourcesOf(gateway, 'AWS::Lambda::Permission').filter(([, { Properties }]) =>
      JSON.stringify(Properties['FunctionName']).includes('Janitor'),
    );
    expect(permissions.map(([, { Properties }]) => Properties['Principal'])).toEqual([
      'events.amazonaws.com',
    ]);
  });

  it('ends after its last looks, and before the run after the next one', () => {
    // A look waits for its connection, its partitions and a post.
    expect(JANITOR_TIMEOUT.toMilliseconds()).toBeGreaterThan(RUN_MS + 3 * TOTAL_TIMEOUT_MS);
    expect(JANITOR_TIMEOUT.toSeconds()).toBeLessThanOrEqual(JANITOR_EVERY.toSeconds());
    expect(CLAIM_MS).toBeGreaterThanOrEqual(JANITOR_TIMEOUT.toMilliseconds());
  });
});

describe('liveness', () => {
  it('keeps an idle connection from its limit, even where one look fails', () => {
    const { keepAliveSeconds } = liveness;
    expect(keepAliveSeconds + LATE_SECONDS).toBeLessThan(IDLE_LIMIT_SECONDS);
    expect(keepAliveSeconds + CLAIM_MS / 1000 + LATE_SECONDS).toBeLessThan(IDLE_LIMIT_SECONDS);
  });

  it('posts before a client takes its connection for dead', () => {
    // SDKs allow ten seconds more.
    expect(liveness.keepAliveSeconds + LATE_SECONDS).toBeLessThan(liveness.pingSeconds + 10);
    expect(liveness.pingSeconds).toBeLessThan(IDLE_LIMIT_SECONDS);
  });

  it('asks every connection to reconnect before its two hours are over', () => {
    const latest = liveness.plannedReconnectSeconds * (1 + PLANNED_SPREAD);
    expect(latest + CLAIM_MS / 1000 + LATE_SECONDS).toBeLessThan(LIFE_LIMIT_SECONDS);
  });

  it('finds a connection that is closed before its tombstone is gone', () => {
    expect(liveness.keepAliveSeconds + LATE_SECONDS).toBeLessThan(TOMBSTONE_TTL_SECONDS);
  });

  it('knows each connection for longer than it can live', () => {
    expect(CONNECTION_TTL_SECONDS).toBeGreaterThan(LIFE_LIMIT_SECONDS + EXPIRY_GRACE_MS / 1000);
  });
});

describe('limits', () => {
  it('let a reconnect subscribe to everything at once', () => {
    const many = makeConfig('dev', { limits: { subscriptionsPerConnection: 5_000 } }).limits;
    for (const each of [limits, many]) {
      expect(limitRulesOf(each).commandBurst).toBeGreaterThan(each.subscriptionsPerConnection);
    }
  });

  it('leave a user more than a connection', () => {
    expect(limits.commandsPerSecondOfUser).toBeGreaterThan(limits.commandsPerSecond);
    expect(limits.connectionsPerUser).toBeGreaterThan(1);
  });
});

describe('a configuration', () => {
  it.each([
    [{ keepAliveSeconds: 540 }, 'liveness.pingSeconds'],
    [{ plannedReconnectSeconds: 7_000 }, 'liveness.plannedReconnectSeconds'],
    [{ janitors: 6 }, 'liveness.janitors'],
    [{ pendingSeconds: 0 }, 'liveness.pendingSeconds'],
  ])('of %j is refused', (given, path) => {
    expect(() => makeConfig('dev', { liveness: given })).toThrow(path);
  });

  it('may promise no pings', () => {
    expect(makeConfig('dev', { liveness: { pingSeconds: 0 } }).liveness.pingSeconds).toBe(0);
  });
});
