import { generateKeyPairSync } from 'node:crypto';
import { signEnvelope } from '../../../lambdas/contract/signature';
import { PublicKeys } from '../../../lambdas/service-sdk/public-keys';
import { envelopeOf } from './platform-double';

function keyPair(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const published = { kid, publicKey: publicKey.export({ format: 'jwk' }).x };
  return { published, envelope: signEnvelope(envelopeOf('echo.say', null), { kid, privateKey }) };
}

const one = keyPair('one');
const two = keyPair('two');

function setUp() {
  const state = { now: 1_000_000, keys: [one.published], fetches: 0, away: false };
  const keys = new PublicKeys(
    async () => {
      state.fetches += 1;
      if (state.away) throw new Error('ssm is away');
      return JSON.stringify({ keys: state.keys });
    },
    () => state.now,
  );
  return { state, keys };
}

beforeEach(() => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('PublicKeys', () => {
  it('fetches once and keeps what it got', async () => {
    const { state, keys } = setUp();
    for (let time = 0; time < 3; time += 1) expect(await keys.verify(one.envelope)).toBe('valid');
    expect(state.fetches).toBe(1);
  });

  it('fetches again for an unknown key, so that a rotation is noticed at once', async () => {
    const { state, keys } = setUp();
    await keys.verify(one.envelope);
    state.keys = [two.published, one.published];
    state.now += 10_000;
    expect(await keys.verify(two.envelope)).toBe('valid');
    expect(state.fetches).toBe(2);
  });

  it('fetches for unknown keys at most every 10 seconds', async () => {
    const { state, keys } = setUp();
    for (let second = 0; second < 30; second += 1) {
      expect(await keys.verify(two.envelope)).toBe('unknown-key');
      state.now += 1_000;
    }
    expect(state.fetches).toBe(3);
  });

  it('drops a key that was withdrawn after five minutes', async () => {
    const { state, keys } = setUp();
    await keys.verify(one.envelope);
    state.keys = [two.published];
    state.now += 299_999;
    expect(await keys.verify(one.envelope)).toBe('valid');
    state.now += 1;
    expect(await keys.verify(one.envelope)).toBe('unknown-key');
  });

  it('goes on with the keys it has while they cannot be fetched', async () => {
    const { state, keys } = setUp();
    await keys.verify(one.envelope);
    state.away = true;
    state.now += 300_000;
    expect(await keys.verify(one.envelope)).toBe('valid');
  });

  it('rejects where it has none, and tries again', async () => {
    const { state, keys } = setUp();
    state.away = true;
    await expect(keys.verify(one.envelope)).rejects.toThrow('ssm is away');
    state.away = false;
    expect(await keys.verify(one.envelope)).toBe('valid');
  });
});
