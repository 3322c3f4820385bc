import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { WebServer } from '../../local/web/web-server';

const WEB_ROOT = join(__dirname, '../../web');
let server: WebServer;
let port: number;
let users: string[];

beforeEach(async () => {
  users = [];
  server = new WebServer({
    websocketUrl: 'ws://localhost:4000/local',
    webRoot: WEB_ROOT,
    signToken: async (user) => {
      users.push(user);
      return `token of ${user}`;
    },
  });
  port = await server.listen(0);
});
afterEach(() => server.close());

const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);

/** `fetch` does not let a caller choose `Host`. */
function askToken(
  headers: Record<string, string>,
  path = '/token?user=alice',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject).end();
  });
}

it('serves the page under a policy that allows its own script and style only', async () => {
  const response = await get('/');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'self' 'sha256-[^']+';/);
  expect(policy).toMatch(/style-src 'sha256-[^']+';/);
  expect(policy).toContain("connect-src 'self' ws://localhost:4000;");
  expect(policy).not.toContain('unsafe');
  expect(await response.text()).toBe(readFileSync(join(WEB_ROOT, 'index.html'), 'utf8'));
});

it('has a page of under 100 lines without inline handlers, which the policy would block', () => {
  const html = readFileSync(join(WEB_ROOT, 'index.html'), 'utf8');
  expect(html.split('\n').length).toBeLessThan(100);
  expect(html).not.toMatch(/\s(style|on[a-z]+)=/);
});

it('serves the browser bundle of the unchanged client', async () => {
  const response = await get('/centrifuge.js');
  expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(await response.text()).toContain('globalThis.Centrifuge=');
});

it('tells the page where to connect', async () => {
  expect(await (await get('/config.json')).json()).toEqual({ websocketUrl: 'ws://localhost:4000/local' });
});

it.each([
  ['GET', '/token?user=alice'],
  ['GET', '/../package.json'],
  ['GET', '/other'],
  ['POST', '/'],
])('answers 404 to %s %s', async (method, path) => {
  expect((await get(path, { method })).status).toBe(404);
});

describe('tokens', () => {
  it('are signed for the user', async () => {
    const response = await get('/token?user=bob%20b', { method: 'POST' });
    expect(await response.json()).toEqual({ token: 'token of bob b' });
    expect(users).toEqual(['bob b']);
  });

  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '[::1]'])('are given to our page at %s', async (name) => {
    const host = `${name}:${port}`;
    expect((await askToken({ host, origin: `http://${host}` })).status).toBe(200);
    expect((await askToken({ host })).status).toBe(200);
  });

  it.each([
    ['a rebound domain', { host: 'evil.example:4002', origin: 'http://evil.example:4002' }],
    ['a rebound domain without an origin', { host: 'evil.example' }],
    ['a name that only begins like ours', { host: 'localhost.evil.example' }],
    ['a foreign page', { host: 'localhost:4002', origin: 'https://evil.example' }],
    ['another port', { host: 'localhost:4002', origin: 'http://localhost:3000' }],
    ['a sandboxed page', { host: 'localhost:4002', origin: 'null' }],
  ])('are refused to %s', async (_, headers) => {
    expect((await askToken(headers)).status).toBe(403);
    expect(users).toEqual([]);
  });

  it.each(['', '?user=', `?user=${'x'.repeat(129)}`])('need a user: %s', async (query) => {
    expect((await get(`/token${query}`, { method: 'POST' })).status).toBe(400);
  });

  it('that cannot be signed are a 500 that says nothing of the cause', async () => {
    await server.close();
    server = new WebServer({
      websocketUrl: 'ws://localhost:4000/local',
      webRoot: WEB_ROOT,
      signToken: () => Promise.reject(new Error('the secret is missing')),
    });
    port = await server.listen(0);
    const response = await get('/token?user=alice', { method: 'POST' });
    expect([response.status, await response.json()]).toEqual([500, { message: 'Internal Server Error' }]);
  });
});
