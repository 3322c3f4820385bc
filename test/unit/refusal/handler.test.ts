import { SignedPoster } from '../../../lambdas/gateway/core/adapters/aws/signed-poster';
import type { PostOutcome } from '../../../lambdas/gateway/core/ports';
import { ANSWERED_AFTER_DEADLINE_MS, handler, RefusalError } from '../../../lambdas/gateway/refusal/handler';

const before = { ...process.env };
const posts: [connection: string, frame: string][] = [];
let outcome: PostOutcome;
let lines: string[];

beforeEach(() => {
  process.env = { ...before, AWS_REGION: 'us-east-1', CALLBACK_URL: 'http://localhost:1/test' };
  posts.length = 0;
  outcome = 'ok';
  jest.spyOn(SignedPoster.prototype, 'post').mockImplementation(async (connection, frame) => {
    posts.push([connection, frame]);
    return outcome;
  });
  lines = [];
  jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

afterAll(() => {
  process.env = before;
});

function record(detail: object = {}, payload: object = {}) {
  const now = Date.now();
  return {
    version: '1.0',
    timestamp: '2026-11-24T06:00:00.000Z',
    requestContext: {
      requestId: 'e4b46cbf-b738-xmpl-8880-a18cdf61200e',
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:echo:rpc',
      condition: 'RetriesExhausted',
      approximateInvokeCount: 1,
    },
    requestPayload: {
      id: 'event',
      source: 'holdfast.gateway',
      'detail-type': 'holdfast.rpc',
      ...payload,
      detail: {
        v: 1,
        id: 'envelope',
        kind: 'rpc',
        method: 'echo.say',
        client: 'abc=',
        commandId: 7,
        data: { text: 'between us' },
        deadline: now + 1_000,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        ...detail,
      },
    },
    responseContext: { statusCode: 200, functionError: 'Unhandled' },
    responsePayload: { errorType: 'Error' },
  };
}

describe('the refusal function', () => {
  it('answers error 100, temporary, to the command that failed', async () => {
    await handler(record());
    expect(posts).toEqual([
      ['abc=', '{"id":7,"error":{"code":100,"message":"internal server error","temporary":true}}'],
    ]);
  });

  it('answers a command whose function ran into its timeout', async () => {
    await handler(record({ deadline: Date.now() - ANSWERED_AFTER_DEADLINE_MS + 1_000 }));
    expect(posts).toHaveLength(1);
  });

  it('answers a publish that its service did not finish', async () => {
    await handler(record({ kind: 'publish', channel: 'club:1' }));
    expect(posts).toHaveLength(1);
  });

  it.each([
    ['a replayed event', record({}, { 'replay-name': 'again' })],
    ['what is no command', record({ kind: 'disconnected' })],
    ['a subscribe, which its timer answers', record({ kind: 'subscribe', channel: 'club:1' })],
    ['a client that has long given up', record({ deadline: Date.now() - ANSWERED_AFTER_DEADLINE_MS - 1 })],
    ['an event that is none', null],
    ['a record without envelope', { requestContext: record().requestContext, requestPayload: {} }],
    ['an envelope without a client', record({ client: '' })],
    ['a command id of another type', record({ commandId: '7' })],
  ])('posts nothing for %s and says so', async (_, event) => {
    await handler(event);
    expect(posts).toEqual([]);
    expect(lines).toHaveLength(1);
  });

  it('ends quietly where the connection is gone', async () => {
    outcome = 'gone';
    await expect(handler(record())).resolves.toBeUndefined();
  });

  it.each(['throttled', 'failed', 'unknown'] as const)(
    'fails where the post was %s, so that Lambda tries again',
    async (given) => {
      outcome = given;
      await expect(handler(record())).rejects.toThrow(new RefusalError(given));
    },
  );

  it('logs no payload', async () => {
    await handler(record());
    await handler(record({ client: 5, data: 'between us' }));
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('between us');
  });
});
