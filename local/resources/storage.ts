import { TIERS, type Tier } from '../aws/ssm/parameters';
import { generatedId, generatedName } from './naming';
import { Properties, PropertyError, type Provider, type ResourceRequest } from './provider';

/** `AWS::SSM::Parameter`. */
export const parameter: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const name = properties.optionalString('Name') ?? generatedName(request);
  const value = properties.string('Value');
  // A name has one owner, as CloudFormation sees to: two services cannot register under one.
  if (cloud.ssm.find(name))
    throw new PropertyError(request, 'Name', 'a parameter that is not there yet', name);
  const type = properties.optionalString('Type') === 'StringList' ? 'StringList' : 'String';
  cloud.ssm.put(name, value, type, tierOf(request, properties.optionalString('Tier')));
  return { ref: name, attributes: { Type: type, Value: value } };
};

function tierOf(request: ResourceRequest, given: string | undefined): Tier | undefined {
  if (given === undefined) return undefined;
  const tier = TIERS.find((each) => each === given);
  if (tier === undefined) throw new PropertyError(request, 'Tier', `one of ${TIERS.join(', ')}`, given);
  return tier;
}

/** `AWS::SecretsManager::Secret`, given or generated. */
export const secret: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const name = properties.optionalString('Name') ?? generatedName(request);
  const value = properties.optionalString('SecretString');
  const { arn } = cloud.secrets.create({
    name,
    ...(value === undefined ? {} : { value }),
    ...(properties.has('GenerateSecretString')
      ? { generate: properties.object('GenerateSecretString').raw }
      : {}),
  });
  return { ref: arn, attributes: { Id: arn } };
};

/** `AWS::SecretsManager::RotationSchedule`: rotates when all stacks are made, and by its rules from then on. */
export const rotationSchedule: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const secretId = properties.string('SecretId');
  const rules = properties.object('RotationRules');
  cloud.secrets.configureRotation(secretId, properties.string('RotationLambdaARN'), cloud.permitted, {
    automaticallyAfterDays: rules.has('AutomaticallyAfterDays')
      ? rules.number('AutomaticallyAfterDays', 0)
      : undefined,
    scheduleExpression: rules.optionalString('ScheduleExpression'),
  });
  // CloudFormation's default is true.
  if (!properties.has('RotateImmediatelyOnUpdate') || properties.boolean('RotateImmediatelyOnUpdate')) {
    cloud.rotations.push(secretId);
  }
  return { ref: generatedId(request, 'rotation') };
};

/** `AWS::DynamoDB::Table`. */
export const table: Provider = async (request, cloud) => {
  const name = new Properties(request).optionalString('TableName') ?? generatedName(request);
  const created = await cloud.dynamodb.createTable({ ...request.properties, TableName: name });
  return { ref: created.name, attributes: { Arn: created.arn } };
};
