import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { readEnvironment } from '../../contract/environment';
import { dynamoDbStore } from './dynamodb/store';
import { chatService } from './service';
import type { ChatStore } from './store';

let store: ChatStore | undefined;

/** One per sandbox, made at the first command. */
function tableStore(): ChatStore {
  store ??= dynamoDbStore(new DynamoDBClient({}), readEnvironment(['TABLE_NAME']).TABLE_NAME);
  return store;
}

/** Rooms, messages and who has read them. `docs/services.md` has each method with an example. */
export const handler = chatService(tableStore);
