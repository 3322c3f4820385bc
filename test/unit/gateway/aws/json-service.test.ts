import type { ServerResponse } from 'node:http';
import * as v from 'valibot';
import {
  AwsServiceError,
  BrokenConnectionError,
  UnexpectedAnswerError,
} from '../../../../lambdas/gateway/core/adapters/aws/errors';
import { JsonService } from '../../../../lambdas/gateway/core/adapters/aws/json-service';
import { reset, StubServer, status, useFunctionEnvironment } from './stub-server';

const server = new StubServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
useFunctionEnvironment();
beforeEach(() => {
  server.reset();
  process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${server.port}`;
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const output = v.object({ MessageId: v.string() });
const sent = status(200, {}, '{"MessageId":"m","MD5OfMessageBody":"x"}');
const send = () => new JsonService('sqs').call('SendMessage', { MessageBody: 'ü' }, output);
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a call', () => {
  it.each([
    ['events', 'AWSEvents', '1.1'],
    ['secretsmanager', 'secretsmanager', '1.1'],
    ['sqs', 'AmazonSQS', '1.0'],
    ['ssm', 'AmazonSSM', '1.1'],
  ] as const)('of %s is a signed POST in AWS JSON', async (service, prefix, version) => {
    server.answers.push(sent);
    expect(await new JsonService(service).call('Do', { A: 'ü' }, output)).toEqual({ MessageId: 'm' });
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        url: '/',
        body: '{"A":"ü"}',
        headers: {
          host: `127.0.0.1:${server.port}`,
          'content-type': `application/x-amz-json-${version}`,
          'x-amz-target': `${prefix}.Do`,
          'x-amz-security-token': 'token/+==',
        },
      },
    ]);
    expect(server.seen[0]?.headers.authorization).toMatch(
      new RegExp(
        `^AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/\\d{8}/eu-west-1/${service}/aws4_request, ` +
          'SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=[0-9a-f]{64}$',
      ),
    );
  });

  it('reads no environment before the first one', () => {
    process.env = {};
    expect(() => new JsonService('sqs')).not.toThrow();
  });

  it.each([
    ['a server that failed', status(500)],
    ['a throttle', status(400, { 'x-amzn-errortype': 'ThrottlingException' })],
    ['a throttle that the body names', status(400, {}, '{"__type":"com.amazonaws.sqs#RequestThrottled"}')],
    ['a connection that broke', reset],
  ])('is repeated after %s', async (_, answer) => {
    server.answers.push(answer, answer, sent);
    expect(await send()).toEqual({ MessageId: 'm' });
    expect(server.seen).toHaveLength(3);
  });

  it('is given up after three attempts', async () => {
    server.answers.push(reset, reset, reset);
    expect(await failure(send())).toBeInstanceOf(BrokenConnectionError);
    expect(server.seen).toHaveLength(3);
  });

  it.each([
    ['a header', { 'x-amzn-errortype': 'QueueDoesNotExist:http://internal.amazon.com/' }, '{}'],
    ['the body', {}, '{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "DO-NOT-REPEAT"}'],
  ])(
    'rejects with the name of the error that %s says, its request, and nothing else',
    async (_, headers, body) => {
      server.answers.push(status(400, { ...headers, 'x-amzn-requestid': 'abc-1' }, body));
      const error = await failure(send());
      expect(error).toBeInstanceOf(AwsServiceError);
      expect(error).toMatchObject({ code: 'QueueDoesNotExist', status: 400, requestId: 'abc-1' });
      expect(String(error)).toBe(
        'AwsServiceError: SendMessage: expected success, got QueueDoesNotExist (status 400, request abc-1)',
      );
      expect(server.seen).toHaveLength(1);
    },
  );

  it('repeats no name of an error that can be none', async () => {
    server.answers.push(
      status(400, { 'x-amzn-errortype': '<script>', 'x-amzn-requestid': 'a b' }, 'no JSON'),
    );
    expect(String(await failure(send()))).toContain(
      'got an error without a name (status 400, request without an id)',
    );
  });

  it.each([
    ['no JSON', 'DO-NOT-REPEAT', 'expected Object as the whole'],
    ['a field of another type', '{"MessageId":5}', 'expected string as MessageId'],
    ['nothing', '', 'expected Object as the whole'],
  ])('rejects for an answer that is %s', async (_, body, message) => {
    server.answers.push(status(200, {}, body));
    const error = await failure(send());
    expect(error).toBeInstanceOf(UnexpectedAnswerError);
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain('DO-NOT-REPEAT');
  });

  it('waits where sixteen are under way', async () => {
    const service = new JsonService('sqs');
    const waiting: ServerResponse[] = [];
    let most = 0;
    let quiet: NodeJS.Timeout | undefined;
    for (let index = 0; index < 40; index++) {
      server.answers.push((response) => {
        most = Math.max(most, waiting.push(response));
        // Answered once nothing more comes without an answer, however slow the machine is.
        clearTimeout(quiet);
        quiet = setTimeout(() => {
          for (const one of waiting.splice(0)) sent(one);
        }, 100);
      });
    }
    await Promise.all(Array.from({ length: 40 }, () => service.call('SendMessage', {}, output)));
    expect(most).toBe(16);
  });
});
