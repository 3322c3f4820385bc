import type { JsonObject } from '../../../lambdas/contract/json';
import type { Need } from '../request';
import { arnOf, type NeedsOf, type Place, strings, text } from './reader';

/** ARN of a parameter: the name's first slash is the one behind `parameter`; a version or label behind it does not count. */
function parameterArn(place: Place, reference: string): string {
  if (reference.startsWith('arn:')) return reference.split(':').slice(0, 6).join(':');
  const [name = ''] = reference.split(':');
  return arnOf(place, 'ssm', `parameter/${name.replace(/^\//, '')}`);
}

function onParameter(action: string, context?: (input: JsonObject) => Need['context']): NeedsOf {
  return (input, place) => [
    {
      action: `ssm:${action}`,
      resource: parameterArn(place, text(input, 'Name')),
      ...(context ? { context: context(input) ?? {} } : {}),
    },
  ];
}

export const SSM_NEEDS: Readonly<Record<string, NeedsOf>> = {
  DeleteParameter: onParameter('DeleteParameter'),
  GetParameter: onParameter('GetParameter'),
  GetParameters: (input, place) =>
    strings(input['Names']).map((name) => ({
      action: 'ssm:GetParameters',
      resource: parameterArn(place, name),
    })),
  // Allowed on the path itself, not on what lies below it.
  GetParametersByPath: (input, place) => [
    {
      action: 'ssm:GetParametersByPath',
      resource: parameterArn(place, text(input, 'Path').replace(/(.)\/$/, '$1')),
      context: { 'ssm:Recursive': String(input['Recursive'] === true) },
    },
  ],
  PutParameter: onParameter('PutParameter', (input) => ({
    'ssm:Overwrite': String(input['Overwrite'] === true),
  })),
};
