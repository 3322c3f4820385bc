import type { Rule } from './bus';
import type { Delivery } from './deliveries';
import type { BusEvent } from './put-events';
import type { EventTarget } from './target';
import { httpParameters, targetInput } from './target-input';

/** An event on its way from a rule to one of the rule's targets. */
export function ruleDelivery(rule: Rule, target: EventTarget, event: BusEvent): Delivery {
  const eventBridge = { service: 'events.amazonaws.com', sourceArn: rule.arn };
  return {
    sender: `rule ${rule.name}`,
    what: `event ${event.id}`,
    target,
    // With a role of the target's where it has one; its dead letters need a policy of the queue in any case.
    actor: { ...eventBridge, roleArn: target.RoleArn },
    deadLetterActor: eventBridge,
    acceptedAt: event.ingestedAt,
    http: httpParameters(target, event),
    input: () => targetInput(target, event, { ruleArn: rule.arn, ruleName: rule.name }),
    deadLetter: () => ({ body: event.text, attributes: { RULE_ARN: rule.arn } }),
  };
}
