import type { AwsRequest } from '../../ports';
import type { Need } from '../request';
import { dynamoDbNeeds, type PartitionKeyOf } from './dynamodb';
import { EVENTS_NEEDS } from './events';
import { lambdaNeeds } from './lambda';
import { jsonBody, type NeedsOf, type Place } from './reader';
import { type FindSecret, secretsManagerNeeds } from './secrets-manager';
import { SQS_NEEDS } from './sqs';
import { SSM_NEEDS } from './ssm';

/** What the needs of some operations depend on. */
export interface ResourceFacts {
  readonly findSecret: FindSecret;
  readonly partitionKeyOf: PartitionKeyOf;
}

/** Actions and resources that a request to a service of the endpoint needs, as the service authorization reference has them. */
export type RequestNeeds = (service: string, request: AwsRequest) => readonly Need[];

export function requestNeeds(place: Place, facts: ResourceFacts): RequestNeeds {
  const tables: Readonly<Record<string, Readonly<Record<string, NeedsOf>>>> = {
    dynamodb: dynamoDbNeeds(facts.partitionKeyOf),
    events: EVENTS_NEEDS,
    secretsmanager: secretsManagerNeeds(facts.findSecret),
    sqs: SQS_NEEDS,
    ssm: SSM_NEEDS,
  };
  return (service, request) => {
    // Everybody may ask who he is.
    if (service === 'sts') return [];
    if (service === 'lambda') return lambdaNeeds(request, place);
    const operation = request.headers['x-amz-target']?.split('.').pop() ?? '';
    const table = tables[service] ?? {};
    const needsOf = Object.hasOwn(table, operation) ? table[operation] : undefined;
    // An operation that is missing here is allowed to nobody but administrators.
    if (needsOf === undefined) return [{ action: `${service}:${operation}`, resource: '*' }];
    const input = jsonBody(request);
    return input === undefined ? [] : needsOf(input, place);
  };
}
