import { keySetId } from '../../lambdas/contract/jwks';
import { tokenRulesOf } from '../../lib/auth-config';
import { ConfigError, type ConfigIssue, makeConfig } from '../../lib/config';

const auth = (given: unknown) => makeConfig('dev', { auth: given }).auth;

function issuesOf(given: unknown): readonly ConfigIssue[] {
  try {
    auth(given);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}

const URL = 'https://login.example.com/.well-known/jwks.json';

describe('who may connect', () => {
  it('is by default who has a token by the secret', () => {
    expect(auth({})).toEqual({ allowedOrigins: ['*'], hmac: true, jwks: [], anonymous: false });
  });

  it('may be who has a token by a key of a provider', () => {
    const given = { hmac: false, jwks: [{ url: URL, issuer: 'i', audience: 'a' }], anonymous: true };
    expect(auth(given)).toEqual({ allowedOrigins: ['*'], ...given });
  });

  it.each([
    URL,
    'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
    'https://login.example.com:8443/keys?p=b2c_1_signin',
    'https://login.example.com',
  ])('takes the key set of %s', (url) => {
    expect(auth({ jwks: [{ url }] }).jwks).toEqual([{ url }]);
  });

  it.each([
    'http://login.example.com/jwks.json',
    'HTTPS://login.example.com/jwks.json',
    'https://user:password@login.example.com/jwks.json',
    'https://login.example.com/jwks.json#keys',
    'https://login.example.com/a b',
    'https://',
    'https://[login.example.com/jwks.json',
    'login.example.com',
    `https://login.example.com/${'x'.repeat(300)}`,
    7,
  ])('refuses the key set of %s', (url) => {
    expect(issuesOf({ jwks: [{ url }] })).toMatchObject([
      { path: 'auth.jwks.0.url', expected: expect.stringContaining('an https URL') },
    ]);
  });

  it.each<[string, unknown, Partial<ConfigIssue>]>([
    ['no way to sign a token', { hmac: false }, { path: 'auth.jwks', got: '[]' }],
    [
      'one URL twice',
      { jwks: [{ url: URL }, { url: URL }] },
      { path: 'auth.jwks', expected: 'each URL once' },
    ],
    [
      'five key sets',
      { jwks: Array.from({ length: 5 }, (_, index) => ({ url: `${URL}?${index}` })) },
      { path: 'auth.jwks', expected: 'at most 4 key sets' },
    ],
    ['an empty issuer', { issuer: '' }, { path: 'auth.issuer', expected: 'text of 1 to 200 characters' }],
    ['several audiences', { audience: ['a'] }, { path: 'auth.audience' }],
    ['a key set without a URL', { jwks: [{ issuer: 'i' }] }, { path: 'auth.jwks.0.url' }],
    ['a key set that says more', { jwks: [{ url: URL, kid: 'k' }] }, { path: 'auth.jwks.0.kid' }],
    ['a switch as text', { anonymous: 'yes' }, { path: 'auth.anonymous', expected: 'true or false' }],
  ])('refuses %s', (_, given, issue) => {
    expect(issuesOf(given)).toMatchObject([issue]);
  });
});

describe('the rules of functions', () => {
  it('say of each key set what it says itself, else what holds for all', () => {
    const config = auth({
      issuer: 'all',
      audience: 'ours',
      jwks: [{ url: URL }, { url: `${URL}?2`, issuer: 'own' }],
    });
    expect(tokenRulesOf(config)).toEqual({
      hmac: true,
      anonymous: false,
      issuer: 'all',
      audience: 'ours',
      jwks: [
        { id: keySetId(URL), issuer: 'all', audience: 'ours' },
        { id: keySetId(`${URL}?2`), issuer: 'own', audience: 'ours' },
      ],
    });
  });

  it('fit into a function that has other variables, too, however long they are', () => {
    const text = 'x'.repeat(200);
    const longest = (index: number) => `https://login.example.com/${index}${'x'.repeat(270)}`;
    const jwks = [1, 2, 3, 4].map((index) => ({ url: longest(index), issuer: text, audience: text }));
    const rules = tokenRulesOf(auth({ issuer: text, audience: text, jwks }));
    // All variables of a function have 4 KB together.
    expect(JSON.stringify(rules).length).toBeLessThan(2_500);
    expect(jwks.map(({ url }) => url).join(' ').length).toBeLessThan(2_500);
  });
});
