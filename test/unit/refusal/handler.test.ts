import {
  ApiGatewayManagementApiClient,
  GoneException,
  LimitExceededException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { mockClient } from 'aws-sdk-client-mock';
import { ANSWERED_AFTER_DEADLINE_MS, handler } from '../../../lambdas/gateway/refusal/handler';

const connections = mockClient(ApiGatewayManagementApiClient);
const before = { ...process.env };
let lines: string[];

beforeEach(() => {
  process.env = { ...before, AWS_REGION: 'us-east-1', CALLBACK_URL: 'http://localhost:1/test' };
  connections.reset();
  connections.on(PostToConnectionCommand).resolves({});
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

const posts = () => connections.commandCalls(PostToConnectionCommand).map(({ args }) => args[0].input);

describe('the refusal function', () => {
  it('answers error 100, temporary, to the command that failed', async () => {
    await handler(record());
    expect(posts()).toEqual([
      {
        ConnectionId: 'abc=',
        Data: '{"id":7,"error":{"code":100,"message":"internal server error","temporary":true}}',
      },
    ]);
  });

  it('answers a command whose function ran into its timeout', async () => {
    await handler(record({ deadline: Date.now() - ANSWERED_AFTER_DEADLINE_MS + 1_000 }));
    expect(posts()).toHaveLength(1);
  });

  it.each([
    ['a replayed event', record({}, { 'replay-name': 'again' })],
    ['what is no rpc', record({ kind: 'disconnected' })],
    ['a client that has long given up', record({ deadline: Date.now() - ANSWERED_AFTER_DEADLINE_MS - 1 })],
    ['an event that is none', null],
    ['a record without envelope', { requestContext: record().requestContext, requestPayload: {} }],
    ['an envelope without a client', record({ client: '' })],
    ['a command id of another type', record({ commandId: '7' })],
  ])('posts nothing for %s and says so', async (_, event) => {
    await handler(event);
    expect(posts()).toEqual([]);
    expect(lines).toHaveLength(1);
  });

  it('ends quietly where the connection is gone', async () => {
    connections.on(PostToConnectionCommand).rejects(new GoneException({ message: 'gone', $metadata: {} }));
    await expect(handler(record())).resolves.toBeUndefined();
  });

  it('fails where the post failed, so that Lambda tries again', async () => {
    connections
      .on(PostToConnectionCommand)
      .rejects(new LimitExceededException({ message: 'slow down', $metadata: {} }));
    await expect(handler(record())).rejects.toThrow('slow down');
  });

  it('logs no payload', async () => {
    await handler(record());
    await handler(record({ client: 5, data: 'between us' }));
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('between us');
  });
});
