import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { parameterNames } from '../../lambdas/contract/parameters';
import type { ServiceRegistration } from '../../lambdas/contract/registry';

/** Bytes of a standard parameter's value. */
const MAX_REGISTRATION_BYTES = 4096;

/** A registration does not fit into its parameter. */
export class RegistrationSizeError extends Error {
  override readonly name = 'RegistrationSizeError';
  readonly service: string;
  readonly bytes: number;

  constructor(service: string, bytes: number) {
    super(
      `registration of service ${service}: expected at most ${MAX_REGISTRATION_BYTES} bytes of JSON, got ${bytes}`,
    );
    this.service = service;
    this.bytes = bytes;
  }
}

export interface ServiceRegistrationParameterProps {
  readonly environment: string;
  readonly registration: Omit<ServiceRegistration, 'v'>;
}

/** Makes a service known to the gateway, which reads all registrations once a minute. */
export class ServiceRegistrationParameter extends Construct {
  constructor(scope: Construct, id: string, props: ServiceRegistrationParameterProps) {
    super(scope, id);
    const registration: ServiceRegistration = { v: 1, ...props.registration };
    const value = JSON.stringify(registration);
    const bytes = Buffer.byteLength(value);
    if (bytes > MAX_REGISTRATION_BYTES) throw new RegistrationSizeError(registration.service, bytes);
    new StringParameter(this, 'Parameter', {
      parameterName: parameterNames(props.environment).service(registration.service),
      stringValue: value,
    });
  }
}
