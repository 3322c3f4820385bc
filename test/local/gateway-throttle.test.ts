import { LimitExceededException, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { AccountThrottle } from '../../local/gateway/throttle';
import { HttpApiServer } from '../../local/http-api/http-api-server';
import { Client, eventually, FakeLog, refusal, startGateway } from './gateway-fixture';

let fixture: Awaited<ReturnType<typeof startGateway>>;
afterEach(() => fixture?.stop());

const FREELY = { perSecond: 1e6, burst: 1e6 };

/** A throttle by a clock that only the test moves. */
function clocked(rates: ConstructorParameters<typeof AccountThrottle>[0]) {
  const clock = { now: 0 };
  return { clock, throttle: new AccountThrottle({ ...rates, now: () => clock.now }) };
}

describe('a token bucket (developer guide, websocket-api-protect)', () => {
  it('gives its burst at once, then its rate, and fills up to its burst alone', () => {
    const { clock, throttle } = clocked({ requests: { perSecond: 10, burst: 3 } });
    const taken = (count: number) => Array.from({ length: count }, () => throttle.takeRequest());
    expect(taken(4)).toEqual([true, true, true, false]);
    clock.now = 99;
    expect(taken(1)).toEqual([false]);
    clock.now = 250;
    expect(taken(3)).toEqual([true, true, false]);
    clock.now = 1_000_000;
    expect(taken(4)).toEqual([true, true, true, false]);
  });

  it('has the quotas of an account where nothing else is said (quotas page)', () => {
    const { throttle } = clocked({});
    const count = (take: () => boolean) => {
      let taken = 0;
      while (take()) taken += 1;
      return taken;
    };
    expect(count(() => throttle.takeRequest())).toBe(5_000);
    expect(count(() => throttle.takeConnection())).toBe(500);
  });
});

it('new connections above the rate of the account are answered 429 (quotas page)', async () => {
  const { clock, throttle } = clocked({ requests: FREELY, newConnections: { perSecond: 2, burst: 2 } });
  fixture = await startGateway({ throttle });
  await Client.open(fixture.url);
  await Client.open(fixture.url);
  expect(await refusal(fixture.url)).toBe(429);
  expect(fixture.invoker.of('connect')).toHaveLength(2);
  clock.now = 500;
  await Client.open(fixture.url);
});

it('handshakes, messages, callbacks and HTTP requests share the rate of the account (quotas page)', async () => {
  const { clock, throttle } = clocked({ requests: { perSecond: 10, burst: 4 } });
  fixture = await startGateway({ throttle });
  const { invoker, gateway, management } = fixture;
  const http = new HttpApiServer({ invoker, log: new FakeLog(), region: 'us-east-1', throttle });
  http.addApi({
    apiId: 'http1',
    stage: '$default',
    routes: [{ routeKey: 'GET /', functionArn: 'default' }],
  });
  const httpUrl = `http://127.0.0.1:${await http.listen(0, '127.0.0.1')}/`;

  const client = await Client.open(fixture.url);
  const [connection] = gateway.connections();
  const post = () =>
    management.send(new PostToConnectionCommand({ ConnectionId: connection?.connectionId, Data: 'posted' }));
  await post();
  expect((await fetch(httpUrl)).status).toBe(200);
  client.socket.send('one');
  await eventually(() => expect(invoker.of('default')).toHaveLength(2));

  await expect(post()).rejects.toThrow(LimitExceededException);
  const refused = await fetch(httpUrl);
  expect([refused.status, await refused.json()]).toEqual([429, { message: 'Too Many Requests' }]);
  expect(await refusal(fixture.url)).toBe(429);
  client.socket.send('two');
  await eventually(() =>
    expect(client.received).toEqual([
      'posted',
      expect.stringMatching(
        /^\{"message": "Too Many Requests", "connectionId":"[^"]+", "requestId":"[^"]+"\}$/,
      ),
    ]),
  );
  expect(invoker.of('default')).toHaveLength(2);

  clock.now = 100;
  await post();
  expect(client.socket.readyState).toBe(client.socket.OPEN);
  await http.close();
});

it('a stage has a rate for each route, and its own rate for the others (developer guide, websocket-api-protect)', async () => {
  const one = { perSecond: 1, burst: 1 };
  const { throttle } = clocked({ requests: FREELY, newConnections: FREELY });
  fixture = await startGateway({
    throttle,
    routes: {
      $connect: { functionArn: 'connect' },
      $default: { functionArn: 'default' },
      free: { functionArn: 'default' },
    },
    api: { throttle: { routes: { free: { perSecond: 3, burst: 3 } }, otherwise: one } },
  });
  const client = await Client.open(fixture.url);
  expect(await refusal(fixture.url)).toBe(429);
  for (let at = 0; at < 4; at += 1) client.socket.send('{"action":"free"}');
  for (let at = 0; at < 2; at += 1) client.socket.send('{"action":"other"}');
  await eventually(() => expect(client.received).toHaveLength(2));
  const keys = fixture.invoker.of('default').map(({ requestContext }) => requestContext['routeKey']);
  expect(keys).toEqual(['free', 'free', 'free', '$default']);
});
