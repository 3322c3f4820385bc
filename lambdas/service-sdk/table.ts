import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoDbClient } from '../contract/aws-clients';
import { readEnvironment } from '../contract/environment';

/** The service's own table: key `pk` and `sk` (texts), items go by themselves after `expiresAt` (epoch seconds). */
export interface ServiceTable {
  readonly name: string;
  readonly client: DynamoDBDocumentClient;
}

let current: ServiceTable | undefined;

/** One per sandbox. Throws `EnvironmentError` for a service whose `infra.ts` has no `table`. */
export function serviceTable(): ServiceTable {
  current ??= {
    name: readEnvironment(['TABLE_NAME']).TABLE_NAME,
    client: DynamoDBDocumentClient.from(dynamoDbClient(), {
      marshallOptions: { removeUndefinedValues: true },
    }),
  };
  return current;
}
