import { serviceTable } from '../../service-sdk';
import { dynamoDbStore } from './dynamodb/store';
import { chatService } from './service';
import type { ChatStore } from './store';

let store: ChatStore | undefined;

/** One per sandbox, made at the first command. */
function tableStore(): ChatStore {
  if (store === undefined) {
    const { client, name } = serviceTable();
    store = dynamoDbStore(client, name);
  }
  return store;
}

/** Rooms, messages and who has read them. `docs/services.md` has each method with an example. */
export const handler = chatService(tableStore);
