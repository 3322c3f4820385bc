import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretKey } from '../../lambdas/gateway/core/auth/token-keys';
import { TokenVerifier } from '../../lambdas/gateway/core/auth/token-verifier';
import { makeConfig } from '../../lib/config';

const ROOT = join(__dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs', 'auth.md'), 'utf8');
const SECRET = 'a secret of the tests, thirty-two bytes long';

/** The text of every code block of a language. */
const blocks = (language: string) =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);

/** The block whose first line names the file. */
function recipe(language: string, file: string): string {
  const found = blocks(language).find((text) => text.split('\n')[0]?.endsWith(` ${file}`));
  if (found === undefined) throw new Error(`docs/auth.md: expected a block of ${file}, got none`);
  return found;
}

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-recipes-'));
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs a recipe as a reader would; answers the lines that it prints. */
function run(command: string, language: string, file: string): string[] {
  writeFileSync(join(directory, file), recipe(language, file));
  const { status, stdout, stderr } = spawnSync(command, [file], {
    cwd: directory,
    env: { PATH: process.env['PATH'], JWT_SECRET: SECRET },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n');
}

async function expectTokensOfAlice([connection = '', subscription = '']: string[]): Promise<void> {
  const tokens = new TokenVerifier({
    keys: new SecretKey(async () => new TextEncoder().encode(SECRET)),
    anonymous: false,
    clock: { now: () => Date.now() },
  });
  expect(await tokens.connection(connection)).toMatchObject({
    result: 'ok',
    identity: { user: 'alice', info: '{"name":"Alice"}', channels: ['room:1'] },
  });
  const request = { user: 'alice', channel: 'room:1', connection: 'conn=' };
  expect(await tokens.subscription(subscription, request)).toMatchObject({ result: 'ok' });
  expect(await tokens.subscription(subscription, { ...request, user: 'bob' })).toMatchObject({
    result: 'invalid',
  });
}

/** Whether a command can be run here. */
const isThere = (command: string) => spawnSync(command, ['--version']).error === undefined;

describe('the recipes of docs/auth.md', () => {
  it('sign tokens in Node.js', async () => {
    await expectTokensOfAlice(run(process.execPath, 'js', 'sign-token.mjs'));
  });

  it('sign tokens in Python, where there is a python3', async () => {
    if (!isThere('python3')) {
      process.stderr.write('docs/auth.md: the Python recipe was not run, there is no python3\n');
      return;
    }
    await expectTokensOfAlice(run('python3', 'python', 'sign_token.py'));
  });

  it('configure identity providers', () => {
    const configs = blocks('json').map((text) => makeConfig('dev', JSON.parse(text)));
    expect(configs.map(({ auth }) => [auth.hmac, auth.jwks.length])).toEqual([
      [false, 1],
      [false, 1],
    ]);
  });
});
