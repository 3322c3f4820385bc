import crypto from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { sha256 } from '../../../../lambdas/contract/request-signature';
import { MOST_AT_ONCE } from '../../../../lambdas/gateway/core/adapters/aws/adaptive-limit';
import { POST_TIMEOUT_MS, SignedPoster } from '../../../../lambdas/gateway/core/adapters/aws/signed-poster';
import { type Answer, never, reset, StubServer, status, useFunctionEnvironment } from './stub-server';

const server = new StubServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
useFunctionEnvironment();
const lines: unknown[][] = [];
beforeEach(() => {
  server.reset();
  lines.length = 0;
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const log = (...line: unknown[]) => void lines.push(line);
const posterAt = (callbackUrl: string, attempts?: number) =>
  new SignedPoster({ callbackUrl, log, ...(attempts === undefined ? {} : { attempts }) });
const poster = (attempts?: number) => posterAt(`http://127.0.0.1:${server.port}/dev`, attempts);

async function closedPort(): Promise<number> {
  const tcp = createTcpServer();
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const { port } = Object(tcp.address());
  await new Promise((resolve) => tcp.close(resolve));
  return port;
}

describe('a poster', () => {
  it('posts a frame to a connection', async () => {
    expect(await poster().post('a+b/c=', 'främe')).toBe('ok');
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        url: '/dev/@connections/a%2Bb%2Fc%3D',
        body: 'främe',
        headers: { 'content-type': 'application/octet-stream', 'content-length': '6' },
      },
    ]);
    expect(server.seen[0]?.headers.authorization).toContain('/eu-west-1/execute-api/aws4_request');
  });

  it('closes a connection', async () => {
    server.answers.push(status(204));
    expect(await poster().close('a=')).toBe('ok');
    expect(server.seen).toMatchObject([{ method: 'DELETE', url: '/dev/@connections/a%3D', body: '' }]);
  });

  it.each<[string, Answer]>([
    ['ok', status(200)],
    ['gone', status(410, { 'x-amzn-errortype': 'GoneException' })],
    ['gone', status(410)],
    ['throttled', status(429, { 'x-amzn-errortype': 'LimitExceededException' }, '{"message":"slow"}')],
    ['failed', status(400)],
    ['failed', status(403, { 'x-amzn-errortype': 'ForbiddenException' })],
    ['failed', status(413, { 'x-amzn-errortype': 'PayloadTooLargeException' }, '{"message":"large"}')],
    ['unknown', status(302, { location: '/' })],
    ['unknown', status(500)],
    ['unknown', status(503)],
    ['unknown', reset],
  ])('calls it %s, once', async (outcome, answer) => {
    const one = poster();
    for (const act of [() => one.post('a=', 'frame'), () => one.close('a=')]) {
      server.reset();
      server.answers.push(answer);
      expect(await act()).toBe(outcome);
      expect(server.seen).toHaveLength(1);
    }
  });

  it('calls it failed where nobody listens', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    expect(await posterAt(url).post('a=', 'frame')).toBe('failed');
    expect(lines).toEqual([
      [
        'warn',
        'post did not succeed',
        {
          connection: 'a=',
          outcome: 'failed',
          error: 'NotConnectedError',
          cause: expect.stringContaining('ECONNREFUSED'),
        },
      ],
    ]);
  });

  it.each([
    ['there are no credentials', 'a=', () => delete process.env['AWS_ACCESS_KEY_ID']],
    ['the connection can be none', '\ud800', () => undefined],
  ])('calls it failed where %s, and never rejects', async (_, connection, prepare) => {
    const one = poster();
    prepare();
    expect(await one.post(connection, 'frame')).toBe('failed');
    expect(await one.close(connection)).toBe('failed');
    expect(server.seen).toEqual([]);
  });

  it('says of what it cannot vouch for, and never the frame', async () => {
    server.answers.push(
      status(500, { 'x-amzn-errortype': 'InternalServerException', 'x-amzn-requestid': 'r' }),
    );
    await poster().post('a=', 'between us');
    expect(lines).toEqual([
      [
        'warn',
        'post did not succeed',
        {
          connection: 'a=',
          outcome: 'unknown',
          error: 'AwsServiceError',
          cause: 'post: expected success, got InternalServerException (status 500, request r)',
        },
      ],
    ]);
    server.answers.push(status(410), status(429));
    await poster().post('a=', 'between us');
    await poster().post('a=', 'between us');
    expect(lines).toHaveLength(1);
  });

  it('ends within its time where nothing answers', async () => {
    const start = Date.now();
    server.answers.push(never);
    expect(await poster().post('a=', 'frame')).toBe('unknown');
    expect(Date.now() - start).toBeGreaterThan(POST_TIMEOUT_MS - 50);
    expect(Date.now() - start).toBeLessThan(POST_TIMEOUT_MS + 500);
  });

  it('hashes a frame once for all of its connections', async () => {
    const hash = jest.spyOn(crypto, 'hash');
    const one = poster();
    const frame = 'x'.repeat(1_000);
    await Promise.all(['a=', 'b=', 'c='].map((connection) => one.post(connection, frame)));
    expect(hash.mock.calls.filter(([, text]) => text === frame)).toHaveLength(1);
    expect(server.seen.map(({ body }) => sha256(body))).toEqual(Array(3).fill(sha256(frame)));
  });

  it('never has more posts under way than its limit, and fewer after throttles', async () => {
    const one = poster();
    const held: ServerResponse[] = [];
    /** How many posts of many are under way at once, before all of them are answered so. */
    const atOnce = async (answer: Answer) => {
      server.answers.push(...Array<Answer>(150).fill((response) => void held.push(response)));
      const outcomes = Promise.all(Array.from({ length: 150 }, () => one.post('a=', 'frame')));
      await new Promise((resolve) => setTimeout(resolve, 300));
      const most = held.length;
      server.answers.fill(answer);
      for (const response of held.splice(0)) answer(response);
      return { most, outcomes: new Set(await outcomes) };
    };
    expect(await atOnce(status(200))).toEqual({ most: MOST_AT_ONCE, outcomes: new Set(['ok']) });
    const throttled = { most: MOST_AT_ONCE, outcomes: new Set(['throttled']) };
    expect(await atOnce(status(429))).toEqual(throttled);
    expect((await atOnce(status(200))).most).toBeLessThan(MOST_AT_ONCE / 2);
  });

  it('calls it throttled where its turn did not come in time', async () => {
    const one = poster();
    for (let index = 0; index < MOST_AT_ONCE; index++) server.answers.push(never);
    const stuck = Array.from({ length: MOST_AT_ONCE }, () => one.post('a=', 'frame'));
    expect(await one.post('b=', 'frame')).toBe('throttled');
    expect(new Set(await Promise.all(stuck))).toEqual(new Set(['unknown']));
    expect(server.seen).toHaveLength(MOST_AT_ONCE);
  });
});

describe('a poster with three attempts', () => {
  it.each([
    ['a throttle', status(429)],
    ['an error of the server', status(500)],
    ['a socket that was reset', reset],
  ])('posts after %s', async (_, answer) => {
    server.answers.push(answer);
    expect(await poster(3).post('a=', 'frame')).toBe('ok');
    expect(server.seen).toHaveLength(2);
  });

  it('posts again where a socket that was idle has ended without a word', async () => {
    const one = poster(3);
    await one.post('a=', 'frame');
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.answers.push(reset);
    expect(await one.post('a=', 'frame')).toBe('ok');
    expect(server.seen).toHaveLength(3);
    expect(server.seen[1]?.socket).toBe(server.seen[0]?.socket);
  });

  it.each([
    ['gone', 410],
    ['failed', 413],
  ] as const)('takes %s for an answer', async (outcome, code) => {
    server.answers.push(status(code));
    expect(await poster(3).post('a=', 'frame')).toBe(outcome);
    expect(server.seen).toHaveLength(1);
  });

  it.each<[string, Answer[], string]>([
    ['gone', [reset, status(410)], 'gone'],
    ['unknown where a throttle follows', [reset, status(429), status(429)], 'unknown'],
    ['unknown where a refusal follows', [status(500), status(403)], 'unknown'],
    ['throttled where all were', [status(429), status(429), status(429)], 'throttled'],
  ])('calls what may have been taken %s', async (_, answers, outcome) => {
    server.answers.push(...answers);
    expect(await poster(3).post('a=', 'frame')).toBe(outcome);
    expect(server.seen).toHaveLength(answers.length);
  });

  it('ends within its time where nothing answers', async () => {
    server.answers.push(never, never, never);
    const start = Date.now();
    expect(await poster(3).post('a=', 'frame')).toBe('unknown');
    expect(Date.now() - start).toBeLessThan(POST_TIMEOUT_MS + 500);
    expect(server.seen.length).toBeGreaterThan(1);
  });
});
