import type { JsonObject } from '../../../lambdas/contract/json';
import type { Need } from '../request';
import { arnOf, type NeedsOf, text } from './reader';

/** A secret as the service knows it. */
export interface KnownSecret {
  readonly arn: string;
  readonly rotationFunctionArn: string | undefined;
}

/** Finds a secret by name or ARN. */
export type FindSecret = (secretId: string) => KnownSecret | undefined;

/** The keys `VersionId` and `VersionStage` are those of the request; without either, a read asks for the current version. */
function versionKeys(input: JsonObject): Need['context'] {
  const id = text(input, 'VersionId');
  const stage = text(input, 'VersionStage') || (id === '' ? 'AWSCURRENT' : '');
  return {
    ...(id === '' ? {} : { 'secretsmanager:VersionId': id }),
    ...(stage === '' ? {} : { 'secretsmanager:VersionStage': stage }),
  };
}

/**
 * Needs of Secrets Manager. A secret is named by its whole ARN whatever the caller called it; one that does not exist has no
 * random suffix yet.
 */
export function secretsManagerNeeds(find: FindSecret): Readonly<Record<string, NeedsOf>> {
  const onSecret =
    (action: string, context?: (input: JsonObject) => Need['context']): NeedsOf =>
    (input, place) => {
      const given = text(input, 'SecretId');
      const unknown = given.startsWith('arn:') ? given : arnOf(place, 'secretsmanager', `secret:${given}`);
      return [
        {
          action: `secretsmanager:${action}`,
          resource: find(given)?.arn ?? unknown,
          resourceText: given,
          ...(context ? { context: context(input) ?? {} } : {}),
        },
      ];
    };
  const rotate = onSecret('RotateSecret');
  return {
    DescribeSecret: onSecret('DescribeSecret'),
    GetSecretValue: onSecret('GetSecretValue', versionKeys),
    PutSecretValue: onSecret('PutSecretValue'),
    UpdateSecretVersionStage: onSecret('UpdateSecretVersionStage', (input) => ({
      'secretsmanager:VersionStage': text(input, 'VersionStage'),
    })),
    // The user guide: who rotates a secret needs to be allowed to invoke its function as well.
    RotateSecret: (input, place) => {
      const functionArn =
        text(input, 'RotationLambdaARN') || find(text(input, 'SecretId'))?.rotationFunctionArn;
      return [
        ...rotate(input, place),
        ...(functionArn === undefined ? [] : [{ action: 'lambda:InvokeFunction', resource: functionArn }]),
      ];
    },
  };
}
