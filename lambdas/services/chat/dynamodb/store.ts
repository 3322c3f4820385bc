import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ChatStore } from '../store';
import { DynamoDbMessageStore } from './message-store';
import { DynamoDbRoomStore } from './room-store';
import { Table } from './table';

/** Both stores on one table. */
export function dynamoDbStore(client: DynamoDBClient, tableName: string): ChatStore {
  const table = new Table(client, tableName);
  return { rooms: new DynamoDbRoomStore(table), messages: new DynamoDbMessageStore(table) };
}
