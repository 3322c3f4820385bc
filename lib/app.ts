import { App, type AppProps, Tags, Validations } from 'aws-cdk-lib';
import type { HoldfastConfig } from './config';
import { checkServices, type Service } from './service-definition';
import { GatewayStack } from './stacks/gateway';
import { ServiceStack } from './stacks/service';
import { StateStack } from './stacks/state';

/**
 * Feature flags stand here and not in cdk.json, so that a synthesis without the CLI makes the same templates.
 * Only those that change what we use.
 */
const CONTEXT = {
  // What the CLI turns on: where in the tree a resource comes from, and which folder is a function's code.
  'aws:cdk:enable-path-metadata': true,
  'aws:cdk:enable-asset-metadata': true,
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/core:checkSecretUsage': true,
  '@aws-cdk/aws-lambda:recognizeLayerVersion': true,
  '@aws-cdk/aws-ec2:requirePrivateSubnetsForEgressOnlyInternetGateway': true,
  // What the built-in validation finds stops the synthesis.
  '@aws-cdk/core:validateAgainstDefaultRules': true,
};

/** The stacks of one environment. */
export interface Holdfast {
  readonly state: StateStack;
  readonly gateway: GatewayStack;
  readonly services: readonly ServiceStack[];
}

/** An app without stacks, set up so that every way to synthesize it gives the same templates. */
export function createApp(props: AppProps = {}): App {
  return new App({
    // The CLI alone would add a metadata resource.
    analyticsReporting: false,
    ...props,
    context: { ...CONTEXT, ...props.context },
  });
}

/** Adds the AwsSolutions rules of cdk-nag to what a synthesis checks. */
export function addSolutionsChecks(app: App): void {
  // Loaded on demand: it costs as much as the rest of a synthesis, and the local runtime goes without.
  const { AwsSolutionsChecks }: typeof import('cdk-nag') = require('cdk-nag');
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
}

/**
 * Adds the stacks of an environment. They find each other by SSM parameters; the dependencies only order a deployment
 * of all of them.
 * @throws ServiceDefinitionError where two services claim one name or namespace
 */
export function buildHoldfast(app: App, config: HoldfastConfig, services: readonly Service[]): Holdfast {
  checkServices(services, config.namespaces);
  const name = (part: string) => `${config.environment}-holdfast-${part}`;
  const terminationProtection = config.removal === 'retain';
  const state = new StateStack(app, name('state'), {
    config,
    terminationProtection,
    description: `Holdfast ${config.environment}: network and cache`,
  });
  const gateway = new GatewayStack(app, name('gateway'), {
    config,
    terminationProtection,
    description: `Holdfast ${config.environment}: gateway`,
  });
  gateway.addStackDependency(state);
  const serviceStacks = services.map((service) => {
    const stack = new ServiceStack(app, name(`service-${service.name}`), {
      config,
      service,
      description: `Holdfast ${config.environment}: service ${service.name}`,
    });
    stack.addStackDependency(gateway);
    return stack;
  });
  Tags.of(app).add('holdfast:environment', config.environment);
  return { state, gateway, services: serviceStacks };
}
