import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { managementClient } from '../../../lambdas/contract/aws-clients';
import { ManagementPoster } from '../../../lambdas/gateway/core/adapters/management-poster';

const before = { ...process.env };
const answers: ((response: ServerResponse) => void)[] = [];
let requests = 0;
const server = createServer((_, response) => {
  requests++;
  const answer = answers.shift() ?? status(200);
  answer(response);
});
let url = '';

const status = (code: number) => (response: ServerResponse) => {
  response.writeHead(code).end();
};
const reset = (response: ServerResponse) => {
  response.socket?.resetAndDestroy();
};
const never = () => undefined;

beforeAll(async () => {
  process.env = {
    ...before,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/local`;
});
afterAll(async () => {
  process.env = before;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  answers.length = 0;
  requests = 0;
});

const poster = (maxAttempts?: number) =>
  new ManagementPoster(
    managementClient(url, maxAttempts === undefined ? {} : { maxAttempts }),
    () => undefined,
  );

describe('a poster with three attempts', () => {
  it.each([
    ['a throttle', status(429)],
    ['an error of the server', status(500)],
    ['a socket that was reset', reset],
  ])('posts after %s', async (_, answer) => {
    answers.push(answer);
    expect(await poster(3).post('a=', 'frame')).toBe('ok');
    expect(requests).toBe(2);
  });

  it.each([
    ['gone', 410],
    ['failed', 413],
  ] as const)('takes %s for an answer', async (outcome, code) => {
    answers.push(status(code));
    expect(await poster(3).post('a=', 'frame')).toBe(outcome);
    expect(requests).toBe(1);
  });

  it('ends within its time where nothing answers', async () => {
    answers.push(never, never, never);
    const start = Date.now();
    expect(await poster(3).post('a=', 'frame')).toBe('unknown');
    expect(Date.now() - start).toBeLessThan(3_000);
  });
});

it('a poster of publications posts once', async () => {
  answers.push(reset);
  expect(await poster().post('a=', 'frame')).toBe('unknown');
  expect(requests).toBe(1);
});
