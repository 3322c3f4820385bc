import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoDbStore } from '../../lambdas/services/chat/dynamodb/store';
import { DynamoDbService } from '../../local/aws/dynamodb/service';
import { describeChatStore } from '../support/chat/store-suite';
import { EndpointFixture, REGION } from './endpoint-fixture';

const dynamodb = new DynamoDbService({ region: REGION });
const fixture = new EndpointFixture({ dynamodb });
let client: DynamoDBClient;
let rooms = 0;

beforeAll(async () => {
  await fixture.start();
  client = new DynamoDBClient(fixture.client());
  await dynamodb.createTable({
    TableName: 'chat',
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  });
});
afterAll(async () => {
  client.destroy();
  await fixture.close();
  await dynamodb.stop();
});

describeChatStore(() => {
  rooms += 1;
  // The client that services get.
  return { store: dynamoDbStore(DynamoDBDocumentClient.from(client), 'chat'), room: `room${rooms}` };
});
