import { handler } from '../../lambdas/gateway/api/handler';

beforeEach(() => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});

afterEach(() => {
  jest.restoreAllMocks();
});

const event = (method: unknown) => ({
  version: '2.0',
  routeKey: 'POST /api/{method}',
  rawPath: `/api/${method}`,
  pathParameters: { method },
  requestContext: { http: { method: 'POST' } },
});

describe('the server API', () => {
  it('answers 501 with the method that was asked', async () => {
    const { statusCode, headers, body } = await handler(event('presence_stats'));
    expect(statusCode).toBe(501);
    expect(headers).toEqual({ 'content-type': 'application/json' });
    expect(JSON.parse(body)).toEqual({
      error: {
        code: 108,
        message: 'not available: the server API does not answer yet; asked for method presence_stats',
      },
    });
  });

  it.each([
    ['markup', event('<script>')],
    ['an empty method', event('')],
    ['a method of another type', event(5)],
    ['an overlong method', event('a'.repeat(41))],
    ['no path parameters', { version: '2.0' }],
    ['no event', null],
  ])('echoes nothing of %s', async (_, asked) => {
    const { statusCode, body } = await handler(asked);
    expect(statusCode).toBe(501);
    expect(JSON.parse(body).error.message).toMatch(/asked for no known method$/);
  });
});
