import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import tls from 'node:tls';
import { generate } from 'selfsigned';
import {
  AnswerTimeoutError,
  BrokenConnectionError,
  NotConnectedError,
} from '../../../../lambdas/gateway/core/adapters/aws/errors';
import { CONNECT_TIMEOUT_MS } from '../../../../lambdas/gateway/core/adapters/aws/idle-sockets';
import { Origin } from '../../../../lambdas/gateway/core/adapters/aws/origin';
import { PostOrigin } from '../../../../lambdas/gateway/core/adapters/aws/post-origin';
import type { Transport } from '../../../../lambdas/gateway/core/adapters/aws/transport';
import { failure, listen, request } from './requests';
import { never, reset, StubServer, status } from './stub-server';

const server = new StubServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => server.reset());
afterEach(() => {
  jest.restoreAllMocks();
});

describe.each<[string, (url: URL) => Transport]>([
  ["Node's client", (url) => new Origin(url)],
  ['the client of posts', (url) => new PostOrigin(url)],
])('%s', (_, make) => {
  const originAt = (port: number, protocol = 'http') => make(new URL(`${protocol}://127.0.0.1:${port}/dev/`));

  describe('an origin', () => {
    it('sends what it is given and answers status and headers', async () => {
      server.answers.push(status(201, { 'X-Amzn-RequestId': 'r' }, 'ü'));
      const answer = await originAt(server.port).send(request('hé'), 1_000);
      expect([answer.status, answer.header('x-amzn-requestid'), answer.header('x-none')]).toEqual([
        201,
        'r',
        '',
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
      expect(make(new URL('https://[::1]')).basePath).toBe('');
    });

    it('sends no body where there is none', async () => {
      await originAt(server.port).send(request(''), 1_000);
      expect(server.seen[0]?.headers['content-length'] ?? '0').toBe('0');
      expect(server.seen[0]?.body).toBe('');
    });

    it('uses a socket again, also after a long text', async () => {
      const origin = originAt(server.port);
      for (let count = 0; count < 3; count++) {
        server.answers.push(status(200, { 'content-length': '100000' }, 'x'.repeat(100_000)));
        await origin.send(request(), 1_000);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(server.seen.map(({ socket }) => socket)).toEqual(Array(3).fill(server.seen[0]?.socket));
    });

    it('uses no socket that the server has closed meanwhile', async () => {
      const origin = originAt(server.port);
      await origin.send(request(), 1_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
      server.closeIdle();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await origin.send(request(), 1_000)).status).toBe(200);
      expect(new Set(server.seen.map(({ socket }) => socket)).size).toBe(2);
    });

    it('uses no socket that was idle for longer than servers and routers bear, as after a freeze', async () => {
      const now = jest.spyOn(Date, 'now');
      const origin = originAt(server.port);
      now.mockReturnValue(1_000_000);
      await origin.send(request(), 1_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
      now.mockReturnValue(1_004_001);
      await origin.send(request(), 1_000);
      expect(new Set(server.seen.map(({ socket }) => socket)).size).toBe(2);
    });

    it('has as many sockets as requests at once', async () => {
      const origin = originAt(server.port);
      await Promise.all(Array.from({ length: 5 }, () => origin.send(request(), 1_000)));
      expect(new Set(server.seen.map(({ socket }) => socket)).size).toBe(5);
    });
  });

  describe('a request that was not sent', () => {
    it('is known where nobody listens', async () => {
      const tcp = createTcpServer();
      const port = await listen(tcp);
      await new Promise((resolve) => tcp.close(resolve));
      const error = await failure(originAt(port).send(request(), 1_000));
      expect(error).toBeInstanceOf(NotConnectedError);
      expect(String(error)).toContain(`127.0.0.1:${port}: expected a connection, got ECONNREFUSED`);
    });

    it('is known where a handshake does not end', async () => {
      const tcp = createTcpServer();
      const port = await listen(tcp);
      const start = Date.now();
      const error = await failure(originAt(port, 'https').send(request(), 10_000));
      expect(error).toBeInstanceOf(NotConnectedError);
      expect(Date.now() - start).toBeLessThan(CONNECT_TIMEOUT_MS + 1_000);
      tcp.close();
    });

    it('is known where time is up before the handshake ends', async () => {
      const tcp = createTcpServer();
      const port = await listen(tcp);
      expect(await failure(originAt(port, 'https').send(request(), 50))).toBeInstanceOf(NotConnectedError);
      tcp.close();
    });
  });

  describe('a request that may have been taken', () => {
    it('is known where the connection breaks', async () => {
      server.answers.push(reset);
      const error = await failure(originAt(server.port).send(request(), 1_000));
      expect(error).toBeInstanceOf(BrokenConnectionError);
      expect(String(error)).toContain('expected an answer, got ECONNRESET');
    });

    it('is known where a socket that was used before breaks', async () => {
      const origin = originAt(server.port);
      await origin.send(request(), 1_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
      server.answers.push(reset);
      expect(await failure(origin.send(request(), 1_000))).toBeInstanceOf(BrokenConnectionError);
      expect(server.seen[1]?.socket).toBe(server.seen[0]?.socket);
    });

    it('is known where no answer comes in time', async () => {
      server.answers.push(never);
      const error = await failure(originAt(server.port).send(request(), 60));
      expect(error).toBeInstanceOf(AnswerTimeoutError);
      expect(String(error)).toContain('expected an answer within 60 ms, got none');
    });
  });

  describe('over TLS', () => {
    let secure: StubServer;
    beforeAll(async () => {
      const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
      secure = new StubServer((listener) => createTlsServer({ key, cert }, listener));
      await secure.start();
    });
    afterAll(() => secure.stop());

    it('a certificate that nobody vouches for ends the request before it is sent', async () => {
      const error = await failure(originAt(secure.port, 'https').send(request(), 1_000));
      expect(error).toBeInstanceOf(NotConnectedError);
      expect(secure.seen).toEqual([]);
    });

    it('sockets are used again', async () => {
      const { connect } = tls;
      jest
        .spyOn(tls, 'connect')
        .mockImplementation(((options: tls.ConnectionOptions, ...more: []) =>
          connect({ ...options, rejectUnauthorized: false }, ...more)) as typeof tls.connect);
      const origin = originAt(secure.port, 'https');
      for (let index = 0; index < 3; index++) {
        expect((await origin.send(request(), 2_000)).status).toBe(200);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(new Set(secure.seen.map(({ socket }) => socket)).size).toBe(1);
    });
  });
});

describe("an answer of Node's client", () => {
  const originAt = (port: number) => new Origin(new URL(`http://127.0.0.1:${port}/dev/`));

  it('has its text', async () => {
    server.answers.push(status(201, {}, 'ü'));
    expect((await originAt(server.port).send(request('hé'), 1_000)).text).toBe('ü');
  });

  it.each([
    ['does not end', never, AnswerTimeoutError],
    ['is cut', reset, BrokenConnectionError],
  ] as const)('is known where an answer begins and %s', async (_, then, kind) => {
    server.answers.push((response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => setTimeout(() => then(response), 20));
    });
    expect(await failure(originAt(server.port).send(request(), 150))).toBeInstanceOf(kind);
  });
});
