import { request } from 'node:http';
import {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { Client, eventually, refusal, startGateway } from './gateway-fixture';

let fixture: Awaited<ReturnType<typeof startGateway>>;
let base: string;
beforeEach(async () => {
  fixture = await startGateway();
  base = fixture.url.replace('/local', '');
  fixture.gateway.mapDomain({ domain: 'ws.example.com', key: '', stage: 'local' });
  fixture.gateway.mapDomain({ domain: 'api.example.com', key: 'chat', stage: 'local' });
});
afterEach(() => fixture.stop());

const domains = () =>
  fixture.invoker.of('connect').map(({ requestContext: { domainName, stage } }) => [domainName, stage]);

/** Status of a signed GET of the connection at `path`, to a host. */
function connectionAt(path: string, host: string): Promise<number | undefined> {
  const [connection] = fixture.gateway.connections();
  const authorization = 'AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/execute-api/aws4_request';
  const id = encodeURIComponent(connection?.connectionId ?? '');
  return new Promise((resolve, reject) => {
    request({
      port: fixture.port,
      host: '127.0.0.1',
      path: `${path}/@connections/${id}`,
      headers: { host, authorization },
    })
      .on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      })
      .on('error', reject)
      .end();
  });
}

describe('a domain of its own (simple-websockets-chat-app#40, aws-sdk-net#1860)', () => {
  it('leads to the stage, which its path does not name, and is the domain of the events', async () => {
    await Client.open(base, { headers: { Host: 'ws.example.com' } });
    await Client.open(`${base}/chat`, { headers: { Host: 'API.example.com:443' } });
    await Client.open(fixture.url);
    expect(domains()).toEqual([
      ['ws.example.com', 'local'],
      ['api.example.com', 'local'],
      ['api1.execute-api.us-east-1.amazonaws.com', 'local'],
    ]);
  });

  it('has @connections without the stage; with it, it has not', async () => {
    await Client.open(base, { headers: { Host: 'ws.example.com' } });
    expect(await connectionAt('', 'ws.example.com')).toBe(200);
    expect(await connectionAt('/chat', 'api.example.com')).toBe(200);
    expect(await connectionAt('/local', 'localhost')).toBe(200);
    expect(await connectionAt('/local', 'ws.example.com')).toBe(403);
    expect(await connectionAt('', 'api.example.com')).toBe(403);
    expect(await refusal(`${base}/local`, { Host: 'ws.example.com' })).toBe(403);
  });

  it('may stand in the path, since nobody on this machine answers to it', async () => {
    const client = await Client.open(`${base}/api.example.com/chat`);
    const [connection] = fixture.gateway.connections();
    const management = new ApiGatewayManagementApiClient({
      endpoint: `${base.replace('ws', 'http')}/api.example.com/chat`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    });
    await management.send(
      new PostToConnectionCommand({ ConnectionId: connection?.connectionId, Data: 'hello' }),
    );
    management.destroy();
    await eventually(() => expect(client.received).toEqual(['hello']));
    expect(domains()).toEqual([['api.example.com', 'local']]);
  });

  it('needs a stage that is there', () => {
    expect(() => fixture.gateway.mapDomain({ domain: 'x.y', key: '', stage: 'no' })).toThrow(/got no$/);
  });
});
