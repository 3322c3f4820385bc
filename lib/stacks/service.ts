import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { HoldfastConfig } from '../config';
import { RealtimeService } from '../constructs/realtime-service';
import type { Service } from '../service-definition';

export interface ServiceStackProps extends StackProps {
  readonly config: HoldfastConfig;
  readonly service: Service;
}

/** One business service, deployed and rolled back without touching the gateway. */
export class ServiceStack extends Stack {
  readonly service: RealtimeService;

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const { name, ...definition } = props.service;
    this.service = new RealtimeService(this, 'Service', {
      config: props.config,
      serviceName: name,
      ...definition,
    });
  }
}
