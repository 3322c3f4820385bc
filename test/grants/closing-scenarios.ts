import { strict as assert } from 'node:assert';
import type { RoleCaller } from '../../local/iam/request';
import type { Scenario } from './scenarios';
import { until } from './until';
import type { World } from './world';

const NOBODY = 'arn:aws:lambda:us-east-1:000000000000:function:nobody';
const ENI = 'ec2:CreateNetworkInterface';

/** Every rule with dead letters of its own loses its target: what it cannot hand over has to be kept. */
async function rulesKeepLetters({ cloud }: World): Promise<void> {
  const kept: string[] = [];
  for (const rule of cloud.events.bus('local-holdfast').rules.values()) {
    for (const target of rule.targets.values()) {
      const queue = target.DeadLetterConfig?.Arn;
      if (queue === undefined) continue;
      cloud.events.putTargets(rule.arn, [{ ...target, Arn: NOBODY }]);
      kept.push(queue);
    }
  }
  assert.notEqual(kept.length, 0);
  const before = kept.map((queue) => cloud.sqs.counts(queue).visible);
  const EventBusName = 'local-holdfast';
  cloud.events.putEvents([
    ...['chat', 'echo'].map((service) => ({
      EventBusName,
      Source: 'holdfast.gateway',
      DetailType: 'holdfast.rpc',
      Detail: JSON.stringify({ v: 1, service }),
    })),
    { EventBusName, Source: 'backend', DetailType: 'holdfast.publish', Detail: '{}' },
  ]);
  await until('a letter of each rule', () =>
    kept.every((queue, index) => cloud.sqs.counts(queue).visible > (before[index] ?? 0)),
  );
}

/** Everybody who may send somewhere, asked without TLS. */
async function queuesWantTls({ cloud }: World): Promise<void> {
  for (const resource of cloud.sqs.arns()) {
    for (const caller of rolesOf(cloud)) {
      const decision = cloud.access.decide(
        caller,
        { action: 'sqs:SendMessage', resource },
        { secure: false },
      );
      assert.equal(decision.allowed, false);
      assert.equal(!decision.allowed && decision.explicit, true, `${resource} without TLS`);
    }
  }
}

/** The code of a function in the VPC may not do what Lambda does with its role. */
async function codeMakesNoInterfaces({ cloud }: World): Promise<void> {
  for (const caller of rolesOf(cloud)) {
    const { allowed } = cloud.access.decide(caller, { action: ENI, resource: '*' });
    assert.equal(allowed, false, `${caller.session} makes network interfaces`);
  }
}

function rolesOf({ lambda }: World['cloud']): RoleCaller[] {
  return lambda.registry.list().flatMap(({ name, versions }) => {
    const principal = versions.get('$LATEST')?.definition.principal;
    if (principal === undefined) return [];
    const { arn: roleArn, functionArn: sourceFunctionArn } = principal;
    return [{ kind: 'role' as const, roleArn, session: name, sourceFunctionArn }];
  });
}

const destructive: readonly Scenario[] = [
  { name: 'what a rule cannot hand over is kept', run: rulesKeepLetters },
];

const denied: readonly Scenario[] = [
  { name: 'queues take nothing without TLS', run: queuesWantTls },
  { name: 'functions make no network interfaces', run: codeMakesNoInterfaces },
];

const looksBack: readonly Scenario[] = [
  {
    name: 'every message that was handed out is done with',
    run: ({ cloud: { sqs } }) =>
      until('queues without messages in flight', () =>
        sqs.arns().every((arn) => sqs.counts(arn).inFlight === 0),
      ),
  },
  {
    name: 'no function loses its log',
    run: async ({ warnings }) =>
      assert.deepEqual(
        warnings.filter((line) => line.includes('its lines are lost')),
        [],
      ),
  },
  {
    name: 'no function reports that it was refused something',
    run: async ({ lines, warnings }) => {
      const reports = [...lines, ...warnings.filter((line) => !line.startsWith('iam:'))];
      assert.deepEqual(
        reports.filter((line) => /AccessDenied|not authorized to perform/.test(line)),
        [],
      );
    },
  },
];

/** What asks for what nobody should have, what changes the stack, and what looks at all that happened. */
export const closingScenarios = { denied, destructive, looksBack } as const;
