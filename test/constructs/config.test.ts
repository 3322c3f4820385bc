import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_RULES } from '../../lambdas/contract/registry';
import { ConfigError, type ConfigIssue, loadConfig, makeConfig } from '../../lib/config';

/** What a configuration is refused for. */
function issuesOf(given: unknown): readonly ConfigIssue[] {
  try {
    makeConfig('dev', given);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}

describe('defaults', () => {
  it('open the namespace room to everyone, and the channel of a user to that user', () => {
    expect(loadConfig({ environment: 'dev' }).namespaces).toEqual({
      room: {
        ...DEFAULT_RULES,
        publish: 'direct',
        historySize: 1000,
        recover: true,
        presence: true,
        joinLeave: true,
      },
      user: {
        ...DEFAULT_RULES,
        subscribe: 'user-limited',
        historySize: 100,
        historyTtlSeconds: 86_400,
        recover: true,
      },
    });
  });

  it.each([
    ['dev', 'destroy', false],
    ['local', 'destroy', false],
    ['prod', 'retain', true],
  ] as const)('of %s %s what holds something', (environment, removal, flowLogs) => {
    const config = loadConfig({ environment });
    expect(config.removal).toBe(removal);
    expect(config.network.flowLogs).toBe(flowLogs);
  });
});

describe('an overlay', () => {
  it('changes single keys of a namespace and keeps the others', () => {
    const { room } = makeConfig('dev', { namespaces: { room: { historySize: 5 } } }).namespaces;
    expect(room).toMatchObject({ historySize: 5, publish: 'direct', recover: true });
  });

  it('adds a namespace that is closed where it says nothing', () => {
    const { namespaces } = makeConfig('dev', { namespaces: { news: {} } });
    expect(Object.keys(namespaces)).toEqual(['room', 'user', 'news']);
    expect(namespaces['news']).toMatchObject({ publish: 'off', historySize: 0, recover: false });
  });

  it('limits a namespace to the users that its channels name, and lets its publications wait', () => {
    const dialog = { subscribe: 'user-limited', flushEverySeconds: 900 };
    expect(makeConfig('dev', { namespaces: { dialog } }).namespaces['dialog']).toMatchObject(dialog);
  });

  it('turns the channels of users off', () => {
    expect(makeConfig('dev', {}).userChannel).toBe(true);
    expect(makeConfig('dev', { userChannel: false }).userChannel).toBe(false);
  });

  it('gives a connection 128 subscriptions, or as many as it is told', () => {
    const limit = (more: object) => makeConfig('dev', { limits: more }).limits.subscriptionsPerConnection;
    expect(limit({})).toBe(128);
    expect(limit({ subscriptionsPerConnection: 10_000 })).toBe(10_000);
    expect(() => limit({ subscriptionsPerConnection: 10_001 })).toThrow('a whole number from 1 to 10000');
    expect(() => limit({ subscriptionsPerConnection: 0 })).toThrow('a whole number from 1 to 10000');
  });

  it('changes single limits and replaces lists', () => {
    const config = makeConfig('dev', {
      limits: { rpcTimeoutSeconds: 9 },
      auth: { allowedOrigins: ['https://app.example.com'] },
    });
    expect(config.limits).toMatchObject({ rpcTimeoutSeconds: 9, frameBurst: 1000 });
    expect(config.auth.allowedOrigins).toEqual(['https://app.example.com']);
  });

  it.each<[string, unknown, ConfigIssue]>([
    ['no object', [], { path: '', expected: 'an object', got: '[]' }],
    [
      'an unknown key',
      { namespace: {} },
      {
        path: 'namespace',
        expected:
          'no key of this name (there are namespaces, userChannel, sendService, connectionEvents, auth, limits, liveness, network, account, removal)',
        got: '{}',
      },
    ],
    [
      'a number that is text',
      { namespaces: { room: { historySize: 'many' } } },
      {
        path: 'namespaces.room.historySize',
        expected: 'a whole number from 0 to 10000',
        got: '"many"',
      },
    ],
    [
      'a number that is too large',
      { limits: { rpcTimeoutSeconds: 61 } },
      { path: 'limits.rpcTimeoutSeconds', expected: 'a whole number from 1 to 60', got: '61' },
    ],
    [
      'half a number',
      { limits: { rpcTimeoutSeconds: 1.5 } },
      { path: 'limits.rpcTimeoutSeconds', expected: 'a whole number from 1 to 60', got: '1.5' },
    ],
    [
      'a wrong choice',
      { namespaces: { room: { publish: 'everyone' } } },
      { path: 'namespaces.room.publish', expected: '"direct" or "service" or "off"', got: '"everyone"' },
    ],
    [
      'null',
      { auth: { allowedOrigins: null } },
      { path: 'auth.allowedOrigins', expected: 'a list of origins', got: 'null' },
    ],
    [
      'an origin with a path',
      { auth: { allowedOrigins: ['https://a.example/x'] } },
      {
        path: 'auth.allowedOrigins.0',
        expected: '"*" or an origin like "https://app.example.com"',
        got: '"https://a.example/x"',
      },
    ],
    [
      'publications that wait longer than a wake can',
      { namespaces: { room: { flushEverySeconds: 901 } } },
      {
        path: 'namespaces.room.flushEverySeconds',
        expected: 'a whole number from 0 to 900',
        got: '901',
      },
    ],
    [
      'user channels that anyone may read',
      { namespaces: { user: { subscribe: 'anyone' } } },
      {
        path: 'namespaces.user.subscribe',
        expected: '"user-limited", since its channels are those of single users',
        got: '"anyone"',
      },
    ],
    [
      'recovery without history',
      { namespaces: { room: { historySize: 0 } } },
      {
        path: 'namespaces.room.historySize',
        expected: 'at least 1, since recover is true',
        got: '0',
      },
    ],
    [
      'a rule that leaves to a service what no service owns',
      { namespaces: { room: { subscribe: 'service' } } },
      {
        path: 'namespaces.room.subscribe',
        expected: 'another value, since no service owns the namespace',
        got: '"service"',
      },
    ],
    [
      'a service by a name that none has',
      { sendService: 'Chat' },
      { path: 'sendService', expected: "a service's name (^[a-z][a-z0-9-]{0,29}$)", got: '"Chat"' },
    ],
    [
      'joins without presence',
      { namespaces: { room: { presence: false } } },
      { path: 'namespaces.room.presence', expected: 'true, since joinLeave is', got: 'false' },
    ],
    [
      'a namespace with a colon',
      { namespaces: { 'a:b': {} } },
      { path: 'namespaces.a:b', expected: 'a namespace name (^[a-z][a-z0-9_-]{0,29}$)', got: '"a:b"' },
    ],
  ])('is refused for %s with path, expected and got', (_, given, issue) => {
    expect(issuesOf(given)).toEqual([issue]);
  });

  it('is refused for everything that is wrong, not only the first', () => {
    const issues = issuesOf({
      typo: 1,
      other: 2,
      namespaces: { room: { publish: 7, histroySize: 3 } },
      limits: { frameBurst: 0 },
    });
    expect(issues.map(({ path }) => path).sort()).toEqual([
      'limits.frameBurst',
      'namespaces.room.histroySize',
      'namespaces.room.publish',
      'other',
      'typo',
    ]);
  });
});

describe('an environment name', () => {
  it.each(['dev', 'local', 'prod', 'team-a1', 'a'])('%s is taken', (environment) => {
    expect(loadConfig({ environment }).environment).toBe(environment);
  });

  it.each(['', 'Dev', '1dev', 'dev-', 'a--b', 'dev_1', 'a'.repeat(16)])('%p is refused', (environment) => {
    expect(() => loadConfig({ environment })).toThrow(ConfigError);
  });
});

describe('an overlay file', () => {
  let directory = '';
  const file = (text: string) => {
    const path = join(directory, 'config.json');
    writeFileSync(path, text);
    return path;
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('is laid over the defaults', () => {
    const overlayFile = file('{"limits": {"rpcTimeoutSeconds": 2}}');
    expect(loadConfig({ environment: 'dev', overlayFile }).limits.rpcTimeoutSeconds).toBe(2);
  });

  it('names itself in the message', () => {
    const overlayFile = file('{"limits": {"rpcTimeoutSeconds": 0}}');
    expect(() => loadConfig({ environment: 'dev', overlayFile })).toThrow(
      `${overlayFile}:\n  limits.rpcTimeoutSeconds: expected a whole number from 1 to 60, got 0`,
    );
  });

  it.each([
    ['is absent', () => join(directory, 'absent.json'), 'expected a readable file'],
    ['is no JSON', () => file('{'), 'expected JSON'],
  ])('that %s is refused', (_, path, message) => {
    expect(() => loadConfig({ environment: 'dev', overlayFile: path() })).toThrow(message);
  });
});
