import { isJsonObject, type JsonValue } from '../../lambdas/contract/json';
import { roleId } from '../identity';
import { generatedId, generatedName } from './naming';
import { Properties, PropertyError, type Provider, type ResourceRequest } from './provider';

function documentOf(request: ResourceRequest, name = 'PolicyDocument'): JsonValue {
  const document = request.properties[name];
  if (isJsonObject(document)) return document;
  throw new PropertyError(request, name, 'a policy document', document);
}

/** `AWS::IAM::Role` with its trust, inline and managed policies. */
export const role: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const name = properties.optionalString('RoleName') ?? generatedName(request);
  const arn = `arn:aws:iam::${cloud.account}:role${properties.optionalString('Path') ?? '/'}${name}`;
  cloud.access.createRole(arn, documentOf(request, 'AssumeRolePolicyDocument'));
  for (const policy of properties.list('Policies')) {
    cloud.access.attachInline(arn, policy.object('PolicyDocument').raw);
  }
  for (const policyArn of properties.strings('ManagedPolicyArns')) cloud.access.attachManaged(arn, policyArn);
  return { ref: name, attributes: { Arn: arn, RoleId: roleId(arn) } };
};

/** `AWS::IAM::Policy`: an inline policy of one or more roles. Users and groups have no part in a local runtime. */
export const inlinePolicy: Provider = (request, cloud) => {
  for (const name of new Properties(request).strings('Roles')) {
    cloud.access.attachInline(name, documentOf(request));
  }
  return { ref: generatedId(request, 'policy') };
};

/** `AWS::IAM::RolePolicy`: the same for one role. */
export const rolePolicy: Provider = (request, cloud) => {
  cloud.access.attachInline(new Properties(request).string('RoleName'), documentOf(request));
  return { ref: generatedId(request, 'policy') };
};

/** `AWS::IAM::ManagedPolicy`. */
export const managedPolicy: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const name = properties.optionalString('ManagedPolicyName') ?? generatedName(request);
  const arn = `arn:aws:iam::${cloud.account}:policy${properties.optionalString('Path') ?? '/'}${name}`;
  cloud.access.createManaged(arn, documentOf(request));
  for (const roleName of properties.strings('Roles')) cloud.access.attachManaged(roleName, arn);
  return { ref: arn, attributes: { PolicyArn: arn } };
};

/** `AWS::Lambda::Permission`: a statement of the policy of a function, or of one of its aliases or versions. */
export const lambdaPermission: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const { arn } = cloud.lambda.registry.resolve(properties.string('FunctionName'));
  const sourceArn = properties.optionalString('SourceArn');
  const sourceAccount = properties.optionalString('SourceAccount');
  const principal = properties.string('Principal');
  const condition = {
    ...(sourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': sourceArn } }),
    ...(sourceAccount === undefined ? {} : { StringEquals: { 'aws:SourceAccount': sourceAccount } }),
  };
  cloud.access.addResourcePolicy(arn, {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: principalOf(principal),
        Action: properties.string('Action'),
        Resource: arn,
        ...(Object.keys(condition).length > 0 ? { Condition: condition } : {}),
      },
    ],
  });
  return { ref: generatedId(request, 'permission') };
};

function principalOf(text: string): JsonValue {
  if (text === '*') return text;
  return /\.amazonaws\.com$/.test(text) ? { Service: text } : { AWS: text };
}

/** `AWS::SQS::QueuePolicy`. */
export const queuePolicy: Provider = (request, cloud) => {
  for (const url of new Properties(request).strings('Queues')) {
    cloud.access.addResourcePolicy(cloud.arn('sqs', url.split('/').pop() ?? ''), documentOf(request));
  }
  return { ref: generatedId(request, 'queue-policy') };
};

/** `AWS::SecretsManager::ResourcePolicy`. */
export const secretPolicy: Provider = (request, cloud) => {
  const secretArn = new Properties(request).string('SecretId');
  cloud.access.addResourcePolicy(secretArn, documentOf(request, 'ResourcePolicy'));
  return { ref: secretArn, attributes: { Id: secretArn } };
};

/** `AWS::Events::EventBusPolicy`: one statement, in the form that it has today. */
export const eventBusPolicy: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const bus = properties.optionalString('EventBusName') ?? 'default';
  cloud.access.addResourcePolicy(cloud.events.bus(bus).arn, {
    Version: '2012-10-17',
    Statement: [properties.object('Statement').raw],
  });
  return { ref: `${bus}|${properties.string('StatementId')}` };
};

/** `AWS::Logs::LogGroup`: a name that roles are allowed to write to. */
export const logGroup: Provider = (request, cloud) => {
  const name = new Properties(request).optionalString('LogGroupName') ?? generatedName(request, 512);
  return { ref: name, attributes: { Arn: `${cloud.arn('logs', `log-group:${name}`)}:*` } };
};
