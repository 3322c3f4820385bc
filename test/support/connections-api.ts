import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { awsOptions, type Target } from './target';

/** Closes a connection as anyone may who has the right: through the management API, with no word to the client before. */
export function closeConnection(target: Target, id: string): Promise<unknown> {
  return withManagement(target, (management) =>
    management.send(new DeleteConnectionCommand({ ConnectionId: id })),
  );
}

/** Posts a frame to a connection, as every service may. */
export function postToConnection(target: Target, id: string, frame: string): Promise<unknown> {
  return withManagement(target, (management) =>
    management.send(new PostToConnectionCommand({ ConnectionId: id, Data: Buffer.from(frame) })),
  );
}

async function withManagement(
  target: Target,
  call: (management: ApiGatewayManagementApiClient) => Promise<unknown>,
): Promise<unknown> {
  const management = new ApiGatewayManagementApiClient({
    ...awsOptions(target),
    endpoint: target.callbackUrl,
  });
  try {
    return await call(management);
  } finally {
    management.destroy();
  }
}
