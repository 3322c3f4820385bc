import { connect } from 'node:net';
import {
  DeleteConnectionCommand,
  ForbiddenException,
  GetConnectionCommand,
  GoneException,
  LimitExceededException,
  PayloadTooLargeException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { Client, eventually, startGateway } from './gateway-fixture';

const KB = 1024;
const UNKNOWN = 'AAAAAAAAAAAAAAA=';
let fixture: Awaited<ReturnType<typeof startGateway>>;

beforeEach(async () => {
  fixture = await startGateway();
});
afterEach(() => fixture.stop());

const post = (ConnectionId: string, Data: string | Buffer) =>
  fixture.management.send(new PostToConnectionCommand({ ConnectionId, Data }));

async function open(): Promise<{ client: Client; id: string }> {
  const before = new Set(fixture.gateway.connections().map(({ connectionId }) => connectionId));
  const client = await Client.open(fixture.url, { headers: { 'User-Agent': 'test/1' } });
  const id =
    fixture.gateway.connections().find(({ connectionId }) => !before.has(connectionId))?.connectionId ?? '';
  return { client, id };
}

it('posts text to a connection whose id needs URL encoding', async () => {
  const { client, id } = await open();
  expect(id).toMatch(/=$/);
  const { $metadata } = await post(id, '{"text":"grüße \u{1F600}"}');
  expect($metadata.httpStatusCode).toBe(200);
  await eventually(() => expect(client.received).toEqual(['{"text":"grüße \u{1F600}"}']));
});

it('delivers posts in the order in which they were accepted', async () => {
  const { client, id } = await open();
  const expected: string[] = [];
  for (let at = 0; at < 30; at++) {
    expected.push(`${at}`);
    await post(id, `${at}`);
  }
  await eventually(() => expect(client.received).toEqual(expected));
});

it('accepts a post when its body is complete: a slow upload holds up nobody', async () => {
  const { client, id } = await open();
  const slow = connect(fixture.port, '127.0.0.1');
  const authorization = 'AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/execute-api/aws4_request';
  slow.write(
    `POST /local/%40connections/${encodeURIComponent(id)} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 4\r\n\r\nsl`,
  );
  await post(id, 'fast');
  slow.write('ow');
  await eventually(() => expect(client.received).toEqual(['fast', 'slow']));
  slow.destroy();
});

it('describes a connection (SDK model, GetConnection)', async () => {
  const { client, id } = await open();
  await new Promise((resolve) => setTimeout(resolve, 5));
  client.socket.send('x');
  await eventually(() => expect(fixture.invoker.of('default')).toHaveLength(1));
  const { ConnectedAt, LastActiveAt, Identity } = await fixture.management.send(
    new GetConnectionCommand({ ConnectionId: id }),
  );
  expect(Identity).toEqual({ SourceIp: '127.0.0.1', UserAgent: 'test/1' });
  expect(ConnectedAt?.getTime()).toBe(fixture.gateway.connections()[0]?.connectedAt);
  expect(LastActiveAt?.getTime()).toBeGreaterThan(ConnectedAt?.getTime() ?? Number.POSITIVE_INFINITY);
});

it('deletes a connection: 204, close 1000, gone at once (SDK model, DeleteConnection; boto3#3789)', async () => {
  const { client, id } = await open();
  const { $metadata } = await fixture.management.send(new DeleteConnectionCommand({ ConnectionId: id }));
  expect($metadata.httpStatusCode).toBe(204);
  await expect(post(id, 'x')).rejects.toThrow(GoneException);
  expect(await client.closed).toMatchObject({ code: 1000 });
  await eventually(() =>
    expect(fixture.invoker.of('disconnect')[0]?.requestContext).toMatchObject({
      disconnectStatusCode: 1000,
      disconnectReason: 'Connection Closed Normally',
    }),
  );
});

it('says gone for an unknown, a closed and a foreign connection (localstack#4694)', async () => {
  await expect(post(UNKNOWN, 'x')).rejects.toMatchObject({
    name: 'GoneException',
    $metadata: { httpStatusCode: 410 },
  });
  await expect(fixture.management.send(new GetConnectionCommand({ ConnectionId: UNKNOWN }))).rejects.toThrow(
    GoneException,
  );
  await expect(
    fixture.management.send(new DeleteConnectionCommand({ ConnectionId: UNKNOWN })),
  ).rejects.toThrow(GoneException);
  const { client, id } = await open();
  client.socket.close();
  await client.closed;
  await expect(post(id, 'x')).rejects.toBeInstanceOf(GoneException);
});

it('says gone while the function of $connect still runs (repost, 410-gone-api-gateway)', async () => {
  let posted: Promise<unknown> = Promise.resolve();
  fixture.invoker.on('connect', async (event) => {
    posted = post(event.requestContext.connectionId, 'welcome').then(
      () => 'sent',
      (error: unknown) => error,
    );
    await posted;
    return { statusCode: 200 };
  });
  const { client } = await open();
  expect(await posted).toBeInstanceOf(GoneException);
  expect(client.received).toEqual([]);
});

it('refuses an id that none can have (localstack#4694)', async () => {
  await expect(post('no-such-form', 'x')).rejects.toMatchObject({
    name: 'BadRequestException',
    message: 'Invalid connectionId: no-such-form',
    $metadata: { httpStatusCode: 400 },
  });
});

it('takes 128 KB and refuses one byte more (gchq/sleeper#5755)', async () => {
  const { client, id } = await open();
  await post(id, 'x'.repeat(128 * KB));
  await eventually(() => expect(client.received[0]?.length).toBe(128 * KB));
  await expect(post(id, 'x'.repeat(128 * KB + 1))).rejects.toBeInstanceOf(PayloadTooLargeException);
  await expect(post(id, 'x'.repeat(2048 * KB))).rejects.toMatchObject({ $metadata: { httpStatusCode: 413 } });
  await post(id, 'still here');
  await eventually(() => expect(client.received).toHaveLength(2));
});

it('refuses posts to a client that does not read (SDK model, LimitExceededException)', async () => {
  const { client, id } = await open();
  client.socket.pause();
  const flood = async (): Promise<never> => {
    for (;;) await post(id, 'x'.repeat(128 * KB));
  };
  await expect(flood()).rejects.toBeInstanceOf(LimitExceededException);
  client.socket.resume();
  await eventually(() => expect(client.received.length).toBeGreaterThan(8));
  await post(id, 'again');
  await eventually(() => expect(client.received.at(-1)).toBe('again'));
});

it('refuses a request without a signature', async () => {
  const { client, id } = await open();
  const response = await fetch(`${fixture.httpUrl}/@connections/${encodeURIComponent(id)}`, {
    method: 'POST',
    body: 'x',
  });
  expect(response.status).toBe(403);
  expect(await response.json()).toEqual({ message: 'Missing Authentication Token' });
  expect(client.received).toEqual([]);
});

it('refuses a stage that it does not have', async () => {
  const path = `${fixture.httpUrl.replace('/local', '/prod')}/@connections/${encodeURIComponent(UNKNOWN)}`;
  const response = await fetch(path, { method: 'POST', body: 'x' });
  expect(response.status).toBe(403);
  expect(response.headers.get('x-amzn-errortype')).toBe(ForbiddenException.name);
});
