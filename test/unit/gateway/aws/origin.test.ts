import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import tls from 'node:tls';
import fc from 'fast-check';
import { generate } from 'selfsigned';
import { MOST_HEAD_BYTES } from '../../../../lambdas/gateway/core/adapters/aws/answer-head';
import {
  AnswerTimeoutError,
  BrokenConnectionError,
  NotConnectedError,
} from '../../../../lambdas/gateway/core/adapters/aws/errors';
import { CONNECT_TIMEOUT_MS } from '../../../../lambdas/gateway/core/adapters/aws/idle-sockets';
import { Origin } from '../../../../lambdas/gateway/core/adapters/aws/origin';
import { PostOrigin } from '../../../../lambdas/gateway/core/adapters/aws/post-origin';
import type { HttpRequest, Transport } from '../../../../lambdas/gateway/core/adapters/aws/transport';
import { never, reset, StubServer, status } from './stub-server';

const server = new StubServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => server.reset());
afterEach(() => {
  jest.restoreAllMocks();
});

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

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('an answer to a post', () => {
  let tcp: TcpServer;
  let sockets: Socket[];
  /** What the server answers, piece by piece. */
  let pieces: readonly string[];
  let origin: PostOrigin;

  beforeEach(async () => {
    sockets = [];
    pieces = [];
    tcp = createTcpServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', async () => {
        for (const piece of pieces) {
          socket.write(piece, 'latin1');
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      });
    });
    origin = new PostOrigin(new URL(`http://127.0.0.1:${await listen(tcp)}/dev/`));
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    tcp.close();
  });

  /** Two posts, the second when the answer to the first is over; their statuses, and how many sockets they took. */
  async function posted(...answer: string[]): Promise<readonly [number, number, number]> {
    pieces = answer;
    const one = await origin.send(request(), 1_000);
    await new Promise((resolve) => setTimeout(resolve, 20 + 4 * answer.length));
    const other = await origin.send(request(), 1_000);
    return [one.status, other.status, sockets.length];
  }

  it.each<[string, readonly string[]]>([
    ['in one piece', ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n']],
    ['byte by byte', [...'HTTP/1.1 200 \r\nContent-Length:2\r\n\r\nab']],
    ['with a body behind its head', ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', 'he', 'llo']],
    ['behind an interim one', ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n']],
    ['in chunks', [`${CHUNKED}2;x=y\r\nab\r\nA\r\n\r\n0\r\n\r\n123\r\n0\r\n\r\n`]],
    ['in chunks byte by byte', [...`${CHUNKED}a\r\n0123456789\r\n0\r\n\r\n`]],
    ['without a reason', ['HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n']],
  ])('is read %s, and the socket used again', async (_, answer) => {
    expect(await posted(...answer)).toEqual([200, 200, 1]);
  });

  it('without a body by its status needs no length', async () => {
    expect(await posted('HTTP/1.1 204 No Content\r\n\r\n')).toEqual([204, 204, 1]);
  });

  it.each<[string, string]>([
    [
      'has both framings',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['has two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx: y\r\ncontent-length: 1\r\n\r\n'],
    ['has no sizes of its chunks', `${CHUNKED}x\r\n`],
    ['has headers behind its chunks', `${CHUNKED}0\r\nx: y\r\n\r\n`],
    ['has a line without end between its chunks', `${CHUNKED}${'0'.repeat(300)}`],
    ['has no length', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['says that it closes', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
    ['has lines that go on', 'HTTP/1.1 200 OK\r\nx: y\r\n z\r\nContent-Length: 0\r\n\r\n'],
    ['has more behind it', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 No\r\n'],
  ])('that %s says its status and costs the socket', async (_, answer) => {
    expect(await posted(answer)).toEqual([200, 200, 2]);
  });

  it.each([
    ['is none', 'SSH-2.0-x\r\n\r\n'],
    ['is of another version', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['changes the protocol', 'HTTP/1.1 101 Switching\r\n\r\n'],
    ['has no end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(MOST_HEAD_BYTES)}`],
  ])('that %s is no answer: the post may have been taken', async (_, answer) => {
    pieces = [answer];
    const error = await failure(origin.send(request(), 1_000));
    expect(error).toBeInstanceOf(BrokenConnectionError);
    expect(String(error)).toContain('expected an answer, got no answer of HTTP/1.1');
  });

  it.each<[string, Partial<HttpRequest>]>([
    ['path', { path: '/dev/x\r\nx: y' }],
    ['path', { path: '/dev/x HTTP/1.1' }],
    ['header x-a', { headers: ['x-a', 'b\r\nx-c: d'] }],
    ['header x-a', { headers: ['x-a', 'b\u0100'] }],
  ])('is not asked for by a %s that would end its line', async (what, more) => {
    const error = await failure(origin.send({ ...request(), ...more }, 1_000));
    expect(String(error)).toBe(`RequestLineError: ${what}: expected printable ASCII, got something else`);
    expect(sockets).toEqual([]);
  });

  it('leaves no socket behind whose end nobody waits for', async () => {
    pieces = ['HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'];
    expect((await origin.send(request(), 60)).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sockets[0]?.readableEnded || sockets[0]?.destroyed).toBe(true);
  });

  it('is never the answer to another post, wherever its pieces end', async () => {
    const answers = [
      'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 410 Gone\r\nx-amzn-errortype: GoneException\r\ncontent-length: 22\r\n\r\n{"message":"HTTP/1.1"}',
      `${CHUNKED.replace('200', '500')}6\r\n\r\n\r\n\r\n\r\n0\r\n\r\n`,
      'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\n\r\n\r\n',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(3), fc.array(fc.nat(90), { maxLength: 3 })), { minLength: 1, maxLength: 4 }),
        async (posts) => {
          for (const [index, cuts] of posts) {
            const answer = answers[index] ?? '';
            const ends = [...new Set([...cuts, answer.length])].sort((a, b) => a - b);
            pieces = ends.map((end, count) => answer.slice(ends[count - 1] ?? 0, end)).filter(Boolean);
            expect((await origin.send(request(), 1_000)).status).toBe([200, 410, 500, 429][index]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
