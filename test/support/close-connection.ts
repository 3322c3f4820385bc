import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { awsOptions, type Target } from './target';

/** Closes a connection as anyone may who has the right: through the management API, with no word to the client before. */
export async function closeConnection(target: Target, id: string): Promise<void> {
  const management = new ApiGatewayManagementApiClient({
    ...awsOptions(target),
    endpoint: target.callbackUrl,
  });
  try {
    await management.send(new DeleteConnectionCommand({ ConnectionId: id }));
  } finally {
    management.destroy();
  }
}
