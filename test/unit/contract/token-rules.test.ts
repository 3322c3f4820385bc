import { EnvironmentError } from '../../../lambdas/contract/environment';
import { readTokenRules } from '../../../lambdas/contract/token-rules';

const read = (rules: unknown) => readTokenRules({ TOKEN_RULES: JSON.stringify(rules) });

describe('readTokenRules', () => {
  it('reads what it knows and nothing else', () => {
    const rules = {
      hmac: false,
      anonymous: true,
      issuer: 'i',
      jwks: [{ id: 'a', audience: 'b' }, { id: 'c' }],
    };
    expect(read({ ...rules, more: 1 })).toEqual(rules);
  });

  it.each([
    [null],
    [[]],
    [{ hmac: true, anonymous: false }],
    [{ hmac: 'yes', anonymous: false, jwks: [] }],
    [{ hmac: true, anonymous: 0, jwks: [] }],
    [{ hmac: true, anonymous: false, jwks: {} }],
    [{ hmac: true, anonymous: false, jwks: [], issuer: null }],
    [{ hmac: true, anonymous: false, jwks: [], audience: ['a'] }],
    [{ hmac: true, anonymous: false, jwks: ['a'] }],
    [{ hmac: true, anonymous: false, jwks: [{ issuer: 'i' }] }],
    [{ hmac: true, anonymous: false, jwks: [{ id: 'a', issuer: 7 }] }],
  ])('refuses %j as a whole: a rule that cannot be read is no rule less', (rules) => {
    expect(() => read(rules)).toThrow(EnvironmentError);
  });

  it('refuses text that is no JSON', () => {
    expect(() => readTokenRules({ TOKEN_RULES: '{' })).toThrow('TOKEN_RULES: expected JSON');
  });
});
