import { StringListParameter, StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';

/**
 * Publishes one value of the SSM contract (`lambdas/contract/parameters.ts`). Stacks find each other by these and never
 * by exports, which would lock the producer while anyone imports.
 */
export function publishParameter(scope: Construct, id: string, name: string, value: string): StringParameter {
  return new StringParameter(scope, id, { parameterName: name, stringValue: value });
}

/** Publishes a list of the SSM contract. */
export function publishListParameter(
  scope: Construct,
  id: string,
  name: string,
  values: string[],
): StringListParameter {
  return new StringListParameter(scope, id, { parameterName: name, stringListValue: values });
}

/** Reads a value of the SSM contract when the stack is deployed, not when it is synthesized. */
export function readParameter(scope: Construct, name: string): string {
  return StringParameter.valueForStringParameter(scope, name);
}

/** Reads a list of the SSM contract when the stack is deployed. */
export function readListParameter(scope: Construct, name: string): string[] {
  return StringListParameter.valueForTypedListParameter(scope, name);
}
