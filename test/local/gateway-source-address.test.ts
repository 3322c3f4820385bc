import { networkInterfaces } from 'node:os';
import { GetConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { Client, eventually, startGateway } from './gateway-fixture';

let fixture: Awaited<ReturnType<typeof startGateway>>;
beforeEach(async () => {
  fixture = await startGateway();
});
afterEach(() => fixture.stop());

const sourceOf = (functionArn: string) => fixture.invoker.of(functionArn)[0]?.requestContext['identity'];

/** Linux answers to all of 127.0.0.0/8; other systems have the first only. */
const LOOPBACKS = process.platform === 'linux' ? ['127.0.0.1', '127.0.0.2', '127.4.5.6'] : ['127.0.0.1'];
const HAS_IPV6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
/** Where the gateway listens, where the client connects, and what the function sees. */
const FAMILIES = HAS_IPV6
  ? [
      ['::1', '[::1]', '::1'],
      // A socket of both families knows an IPv4 peer as ::ffff:127.0.0.1.
      ['::', '127.0.0.1', '127.0.0.1'],
    ]
  : [['127.0.0.1', '127.0.0.1', '127.0.0.1']];

describe('the source address (captures of $connect, $default and $disconnect)', () => {
  it.each(LOOPBACKS)('is the address that the client connects from: %s', async (localAddress) => {
    const client = await Client.open(fixture.url, { localAddress, headers: { 'User-Agent': 'test/1' } });
    const identity = { sourceIp: localAddress, userAgent: 'test/1' };
    expect(sourceOf('connect')).toEqual(identity);
    expect(fixture.invoker.of('connect')[0]?.headers?.['X-Forwarded-For']).toBe(localAddress);
    client.socket.send('x');
    await eventually(() => expect(sourceOf('default')).toEqual(identity));
    const ConnectionId = fixture.gateway.connections()[0]?.connectionId ?? '';
    const { Identity } = await fixture.management.send(new GetConnectionCommand({ ConnectionId }));
    expect(Identity?.SourceIp).toBe(localAddress);
    client.socket.close();
    await eventually(() => expect(sourceOf('disconnect')).toEqual(identity));
  });

  it.each(FAMILIES)('of a gateway at %s for a client of %s is %s', async (host, clientHost, expected) => {
    await fixture.stop();
    fixture = await startGateway({ host });
    await Client.open(fixture.url.replace('127.0.0.1', clientHost));
    expect(sourceOf('connect')).toEqual({ sourceIp: expected });
  });

  it('is not what a header of the client says', async () => {
    const headers = {
      'X-Forwarded-For': '203.0.113.7',
      'x-real-ip': '203.0.113.7',
      Forwarded: 'for=203.0.113.7',
    };
    await Client.open(fixture.url, { headers });
    expect(sourceOf('connect')).toEqual({ sourceIp: '127.0.0.1' });
    expect(fixture.invoker.of('connect')[0]?.multiValueHeaders?.['X-Forwarded-For']).toEqual(['127.0.0.1']);
  });
});
