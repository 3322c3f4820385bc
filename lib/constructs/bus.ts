import { Duration } from 'aws-cdk-lib';
import { type Archive, EventBus } from 'aws-cdk-lib/aws-events';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ENVELOPE_SOURCE } from '../../lambdas/contract/envelope';
import type { HoldfastConfig } from '../config';
import { removalPolicyOf } from './durability';

export interface BusProps {
  readonly config: HoldfastConfig;
}

/** The bus that carries envelopes to services, and the archive from which they can be replayed. */
export class Bus extends Construct {
  readonly eventBus: EventBus;
  readonly archive: Archive;

  constructor(scope: Construct, id: string, props: BusProps) {
    super(scope, id);
    const { config } = props;
    this.eventBus = new EventBus(this, 'Bus', {
      eventBusName: `${config.environment}-holdfast`,
      description: `Holdfast ${config.environment}: envelopes from the gateway to services`,
    });
    this.archive = this.eventBus.archive('Archive', {
      description: `Holdfast ${config.environment}: envelopes`,
      eventPattern: { source: [ENVELOPE_SOURCE] },
      // A day to debug with; two weeks cover a bug that a release brought and nobody saw at once.
      retention: Duration.days(config.removal === 'retain' ? 14 : 1),
    });
    this.archive.applyRemovalPolicy(removalPolicyOf(config));
  }

  /** Lets a function put envelopes on the bus. */
  grantPut(grantee: IGrantable): Grant {
    return this.eventBus.grantPutEventsTo(grantee);
  }
}
