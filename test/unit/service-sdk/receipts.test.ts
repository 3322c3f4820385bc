import { defineService } from '../../../lambdas/service-sdk';
import { StubServer, status, useFunctionEnvironment } from '../gateway/aws/stub-server';
import { envelopeOf, eventOf, posts, sentDeliveries, usePlatformDouble } from './platform-double';

useFunctionEnvironment();
usePlatformDouble('probe');

const api = new StubServer();
beforeAll(() => api.start());
afterAll(() => api.stop());
beforeEach(() => {
  api.seen.splice(0);
  process.env['SERVER_API_URL'] = `http://127.0.0.1:${api.port}/test/api`;
});
afterEach(() => delete process.env['SERVER_API_URL']);

const handler = defineService({
  name: 'probe',
  rpc: {
    tell: {
      handle: async ({ toUser }) => {
        const sent = await toUser('bob', { text: 'hi' });
        return (await sent.sockets()) ?? 'not known';
      },
    },
  },
});
const tell = () => handler(eventOf(envelopeOf('probe.tell', null)));
const answer = (body: unknown) => api.answers.push(status(200, {}, JSON.stringify(body)));

it('asks the server API under the key of what it has sent, signed', async () => {
  answer({ result: { sockets: 2 } });
  await tell();
  const [sent] = sentDeliveries();
  expect(sent?.delivery).toMatchObject({ channel: 'user:#bob', receipt: true });
  const [{ method, url, headers, body } = fail()] = api.seen;
  expect([method, url]).toEqual(['POST', '/test/api/iam/delivered']);
  expect(headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=\S+\/execute-api\/aws4_request, /);
  expect(JSON.parse(body)).toEqual({ user: 'bob', idempotency_key: sent?.delivery.idempotencyKey });
  expect(posts()[0]?.frame).toEqual({ id: 7, rpc: { data: 2 } });
});

it('says where it was not known in time', async () => {
  answer({ result: {} });
  await tell();
  expect(posts()[0]?.frame).toEqual({ id: 7, rpc: { data: 'not known' } });
});

it.each([
  ['a refusal', () => api.answers.push(status(403)), 'got status 403'],
  ['an error', () => answer({ error: { code: 100, message: 'internal' } }), 'got another answer'],
  ['no address', () => delete process.env['SERVER_API_URL'], 'SERVER_API_URL'],
])('fails clearly for %s', async (_, prepare, message) => {
  prepare();
  await expect(tell()).rejects.toThrow(message);
});

function fail(): never {
  throw new Error('expected a request, got none');
}
