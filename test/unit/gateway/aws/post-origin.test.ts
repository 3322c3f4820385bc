import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import fc from 'fast-check';
import { MOST_HEAD_BYTES } from '../../../../lambdas/gateway/core/adapters/aws/answer-head';
import { BrokenConnectionError } from '../../../../lambdas/gateway/core/adapters/aws/errors';
import { PostOrigin } from '../../../../lambdas/gateway/core/adapters/aws/post-origin';
import type { HttpRequest } from '../../../../lambdas/gateway/core/adapters/aws/transport';
import { failure, listen, request } from './requests';

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
