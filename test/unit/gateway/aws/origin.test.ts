import { createServer as createTlsServer, Agent as TlsAgent } from 'node:https';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { generate } from 'selfsigned';
import {
  AnswerTimeoutError,
  BrokenConnectionError,
  NotConnectedError,
} from '../../../../lambdas/gateway/core/adapters/aws/errors';
import { CONNECT_TIMEOUT_MS } from '../../../../lambdas/gateway/core/adapters/aws/keep-alive-agent';
import { type HttpRequest, Origin } from '../../../../lambdas/gateway/core/adapters/aws/origin';
import { never, reset, StubServer, status } from './stub-server';

const server = new StubServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => server.reset());
afterEach(() => {
  jest.restoreAllMocks();
});

const originAt = (port: number, protocol = 'http') =>
  new Origin(new URL(`${protocol}://127.0.0.1:${port}/dev/`));
const request = (body = 'hello', path = '/dev/x?y=1'): HttpRequest => ({
  method: 'POST',
  path,
  headers: ['host', 'example.com', 'x-a', 'b'],
  body,
  bytes: Buffer.byteLength(body),
});

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

async function listen(tcp: TcpServer): Promise<number> {
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  return Object(tcp.address()).port;
}

describe('an origin', () => {
  it('sends what it is given and answers status, headers and text', async () => {
    server.answers.push(status(201, { 'X-Amzn-RequestId': 'r' }, 'ü'));
    const answer = await originAt(server.port).send(request('hé'), 1_000, 'text');
    expect([answer.status, answer.header('x-amzn-requestid'), answer.header('x-none'), answer.text]).toEqual([
      201,
      'r',
      '',
      'ü',
    ]);
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        url: '/dev/x?y=1',
        body: 'hé',
        headers: { host: 'example.com', 'x-a': 'b', 'content-length': '3' },
      },
    ]);
  });

  it('takes the path of its URL without the slash at its end', () => {
    expect(originAt(1).basePath).toBe('/dev');
    expect(new Origin(new URL('https://[::1]')).basePath).toBe('');
  });

  it('sends no body where there is none', async () => {
    await originAt(server.port).send(request(''), 1_000, 'status');
    expect(server.seen[0]?.headers['content-length'] ?? '0').toBe('0');
    expect(server.seen[0]?.body).toBe('');
  });

  it('uses a socket again, also after an answer whose text nobody wanted', async () => {
    const origin = originAt(server.port);
    for (const wanted of ['text', 'status', 'text'] as const) {
      server.answers.push(status(200, {}, 'x'.repeat(100_000)));
      await origin.send(request(), 1_000, wanted);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(server.seen.map(({ socket }) => socket)).toEqual(Array(3).fill(server.seen[0]?.socket));
  });

  it('uses no socket that the server has closed meanwhile', async () => {
    const origin = originAt(server.port);
    await origin.send(request(), 1_000, 'status');
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.closeIdle();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await origin.send(request(), 1_000, 'status')).status).toBe(200);
    expect(new Set(server.seen.map(({ socket }) => socket)).size).toBe(2);
  });

  it('uses no socket that was idle for longer than servers and routers bear, as after a freeze', async () => {
    const now = jest.spyOn(Date, 'now');
    const origin = originAt(server.port);
    now.mockReturnValue(1_000_000);
    await origin.send(request(), 1_000, 'status');
    await new Promise((resolve) => setTimeout(resolve, 20));
    now.mockReturnValue(1_004_001);
    await origin.send(request(), 1_000, 'status');
    expect(new Set(server.seen.map(({ socket }) => socket)).size).toBe(2);
  });

  it('has as many sockets as requests at once', async () => {
    const origin = originAt(server.port);
    await Promise.all(Array.from({ length: 5 }, () => origin.send(request(), 1_000, 'status')));
    expect(new Set(server.seen.map(({ socket }) => socket)).size).toBe(5);
  });
});

describe('a request that was not sent', () => {
  it('is known where nobody listens', async () => {
    const tcp = createTcpServer();
    const port = await listen(tcp);
    await new Promise((resolve) => tcp.close(resolve));
    const error = await failure(originAt(port).send(request(), 1_000, 'status'));
    expect(error).toBeInstanceOf(NotConnectedError);
    expect(String(error)).toContain(`127.0.0.1:${port}: expected a connection, got ECONNREFUSED`);
  });

  it('is known where a handshake does not end', async () => {
    const tcp = createTcpServer();
    const port = await listen(tcp);
    const start = Date.now();
    const error = await failure(originAt(port, 'https').send(request(), 10_000, 'status'));
    expect(error).toBeInstanceOf(NotConnectedError);
    expect(Date.now() - start).toBeLessThan(CONNECT_TIMEOUT_MS + 1_000);
    tcp.close();
  });

  it('is known where time is up before the handshake ends', async () => {
    const tcp = createTcpServer();
    const port = await listen(tcp);
    expect(await failure(originAt(port, 'https').send(request(), 50, 'status'))).toBeInstanceOf(
      NotConnectedError,
    );
    tcp.close();
  });
});

describe('a request that may have been taken', () => {
  it('is known where the connection breaks', async () => {
    server.answers.push(reset);
    const error = await failure(originAt(server.port).send(request(), 1_000, 'status'));
    expect(error).toBeInstanceOf(BrokenConnectionError);
    expect(String(error)).toContain('expected an answer, got ECONNRESET');
  });

  it('is known where a socket that was used before breaks', async () => {
    const origin = originAt(server.port);
    await origin.send(request(), 1_000, 'status');
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.answers.push(reset);
    expect(await failure(origin.send(request(), 1_000, 'status'))).toBeInstanceOf(BrokenConnectionError);
    expect(server.seen[1]?.socket).toBe(server.seen[0]?.socket);
  });

  it('is known where no answer comes in time', async () => {
    server.answers.push(never);
    const error = await failure(originAt(server.port).send(request(), 60, 'status'));
    expect(error).toBeInstanceOf(AnswerTimeoutError);
    expect(String(error)).toContain('expected an answer within 60 ms, got none');
  });

  it.each([
    ['does not end', never, AnswerTimeoutError],
    ['is cut', reset, BrokenConnectionError],
  ] as const)('is known where an answer whose text is wanted begins and %s', async (_, then, kind) => {
    server.answers.push((response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => setTimeout(() => then(response), 20));
    });
    expect(await failure(originAt(server.port).send(request(), 150, 'text'))).toBeInstanceOf(kind);
  });

  it('leaves no socket behind whose answer nobody waits for', async () => {
    const origin = originAt(server.port);
    server.answers.push((response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
    });
    expect((await origin.send(request(), 60, 'status')).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await origin.send(request(), 1_000, 'status');
    expect(server.seen[1]?.socket).not.toBe(server.seen[0]?.socket);
  });
});

describe('over TLS', () => {
  let tls: StubServer;
  beforeAll(async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
    tls = new StubServer((listener) => createTlsServer({ key, cert }, listener));
    await tls.start();
  });
  afterAll(() => tls.stop());

  it('a certificate that nobody vouches for ends the request before it is sent', async () => {
    const error = await failure(originAt(tls.port, 'https').send(request(), 1_000, 'status'));
    expect(error).toBeInstanceOf(NotConnectedError);
    expect(tls.seen).toEqual([]);
  });

  it('sockets are used again', async () => {
    const createConnection = TlsAgent.prototype.createConnection;
    jest.spyOn(TlsAgent.prototype, 'createConnection').mockImplementation(function (
      this: TlsAgent,
      options,
      callback,
    ) {
      return createConnection.call(this, { ...options, rejectUnauthorized: false }, callback);
    });
    const origin = originAt(tls.port, 'https');
    for (let index = 0; index < 3; index++) {
      expect((await origin.send(request(), 2_000, 'text')).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(new Set(tls.seen.map(({ socket }) => socket)).size).toBe(1);
  });
});
