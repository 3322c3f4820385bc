import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import type { TokenRules } from '../../lambdas/contract/token-rules';
import { signToken } from '../../local/token';
import { readTokenOptions, TokenUsageError } from '../../scripts/token';

const SECRET = 'schlüssel 🔑 of more than thirty-two bytes';
const key = new TextEncoder().encode(SECRET);
const root = join(__dirname, '..', '..');

describe('signToken', () => {
  it('signs sub, iat and exp with the bytes of the secret', async () => {
    const token = await signToken({ secret: SECRET, user: 'alice', ttlSeconds: 600 });
    const { payload, protectedHeader } = await jwtVerify(token, key, { algorithms: ['HS256'] });
    expect(protectedHeader.alg).toBe('HS256');
    expect(payload).toEqual({ sub: 'alice', iat: payload.iat, exp: (payload.iat ?? 0) + 600 });
    expect(Math.abs((payload.iat ?? 0) - Date.now() / 1000)).toBeLessThan(5);
  });

  it('is valid for an hour and names channels where they are given', async () => {
    const { payload } = await jwtVerify(
      await signToken({ secret: SECRET, user: 'bob', channels: ['room:1'] }),
      key,
    );
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
    expect(payload['channels']).toEqual(['room:1']);
  });
});

describe('readTokenOptions', () => {
  it('reads every flag', () => {
    const args = ['--user', 'alice', '--ttl', '600', '--channels', 'room:1,room:2', '--env', 'dev'];
    expect(readTokenOptions(args)).toEqual({
      user: 'alice',
      ttlSeconds: 600,
      channels: ['room:1', 'room:2'],
      environment: 'dev',
      dir: '.holdfast',
    });
  });

  it('takes the local stack, an hour and no channels by default', () => {
    expect(readTokenOptions(['--user', 'alice'])).toMatchObject({
      environment: 'local',
      ttlSeconds: 3600,
      channels: [],
    });
    expect(readTokenOptions(['--help'])).toBe('help');
  });

  it.each([
    ['no user', [], '--user'],
    ['an empty user', ['--user', ''], '--user'],
    ['an unknown flag', ['--user', 'a', '--tll', '5'], '--tll'],
    ['a stray word', ['alice'], 'alice'],
    ['ttl 0', ['--user', 'a', '--ttl', '0'], '--ttl'],
    ['a negative ttl', ['--user', 'a', '--ttl=-5'], '--ttl'],
    ['a fraction', ['--user', 'a', '--ttl', '1.5'], '--ttl'],
    ['a ttl in words', ['--user', 'a', '--ttl', '1h'], '--ttl'],
    ['a brace in a channel', ['--user', 'a', '--channels', 'room:{1}'], 'room:{1}'],
    ['an empty channel', ['--user', 'a', '--channels', 'a,,b'], '--channels'],
    ['a path as environment', ['--user', 'a', '--env', '../x'], '--env'],
  ])('refuses %s', (_, args, named) => {
    expect(() => readTokenOptions(args)).toThrow(TokenUsageError);
    expect(() => readTokenOptions(args)).toThrow(named);
  });
});

describe('npm run token', () => {
  let folder: string;
  let secrets: Server;
  const asked: unknown[] = [];
  let rules: TokenRules;

  beforeEach(() => {
    rules = { hmac: true, anonymous: false, jwks: [] };
    asked.length = 0;
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-token-'));
    secrets = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        asked.push([request.headers['x-amz-target'], JSON.parse(body)]);
        response.setHeader('content-type', 'application/x-amz-json-1.1');
        const parameter = String(request.headers['x-amz-target']).startsWith('AmazonSSM');
        response.end(
          JSON.stringify(
            parameter ? { Parameter: { Value: JSON.stringify(rules) } } : { SecretString: SECRET },
          ),
        );
      });
    });
    await new Promise<void>((resolve) => secrets.listen(0, '127.0.0.1', resolve));
    const { port } = secrets.address() as AddressInfo;
    const state = { pid: process.pid, awsEndpointUrl: `http://127.0.0.1:${port}`, region: 'us-east-1' };
    await writeFile(join(folder, 'local.json'), JSON.stringify(state));
  });

  afterAll(async () => {
    await new Promise((resolve) => secrets.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  it('prints only the token, signed with the secret of the running stack', async () => {
    const { code, stdout, stderr } = await run('--user', 'alice', '--channels', 'a,b', '--dir', folder);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { payload } = await jwtVerify(stdout.trim(), key);
    expect(payload).toMatchObject({ sub: 'alice', channels: ['a', 'b'] });
    expect(payload).not.toHaveProperty('iss');
    expect(payload).not.toHaveProperty('aud');
    expect(asked).toHaveLength(2);
    expect(asked).toEqual(
      expect.arrayContaining([
        ['secretsmanager.GetSecretValue', { SecretId: '/holdfast/local/jwt-secret' }],
        ['AmazonSSM.GetParameter', { Name: '/holdfast/local/token-rules' }],
      ]),
    );
  }, 20_000);

  it('names the issuer and the audience that the configuration asks for', async () => {
    rules = { ...rules, issuer: 'https://login.example', audience: 'chat' };
    const { stdout } = await run('--user', 'alice', '--dir', folder);
    const { payload } = await jwtVerify(stdout.trim(), key);
    expect(payload).toMatchObject({ sub: 'alice', iss: 'https://login.example', aud: 'chat' });
  }, 20_000);

  it('says on stderr that no token by the secret would be taken, and ends with 1', async () => {
    rules = { ...rules, hmac: false };
    const { code, stdout, stderr } = await run('--user', 'alice', '--dir', folder);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('token: expected an environment that takes tokens by its secret');
  }, 20_000);

  it('says on stderr that no stack runs, and ends with 1', async () => {
    const { code, stdout, stderr } = await run('--user', 'alice', '--dir', join(folder, 'nothing'));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^token: expected a running local stack, got none .*npm start/);
  }, 20_000);

  it('says on stderr what is wrong with a flag, and ends with 1', async () => {
    const { code, stdout, stderr } = await run('--user', 'alice', '--ttl', 'soon');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('token: --ttl: expected a whole number of seconds above 0, got "soon"');
  }, 20_000);
});

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'scripts/token.ts', ...args],
      { cwd: root },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      },
    );
  });
}
