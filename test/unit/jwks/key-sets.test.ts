import { generateKeyPairSync } from 'node:crypto';
import { EMPTY_KEY_SET, KEY_SET_REST_MS, keySetId, parseKeySet } from '../../../lambdas/contract/jwks';
import { KeySets } from '../../../lambdas/gateway/jwks/key-sets';

const A = 'https://a.example/jwks.json';
const B = 'https://b.example/jwks.json';
const START = 1_700_000_000_000;

const { publicKey } = generateKeyPairSync('ed25519');
const jwks = (...kids: string[]) =>
  JSON.stringify({ keys: kids.map((kid) => ({ ...publicKey.export({ format: 'jwk' }), kid })) });

/** Key sets of two providers; what is fetched and written is noted in `steps`. */
function world(urls = [A]) {
  const stored = new Map<string, string>(urls.map((url) => [keySetId(url), JSON.stringify(EMPTY_KEY_SET)]));
  const state = {
    now: START,
    stored,
    steps: [] as string[],
    lines: [] as { level: string; message: string }[],
    answers: new Map<string, string | Error>([
      [A, jwks('a1')],
      [B, jwks('b1')],
    ]),
    /** Fails the next write. */
    writeFailure: undefined as Error | undefined,
    fetched: () => state.steps.filter((step) => step.startsWith('fetch')).length,
    kids: (url: string) => parseKeySet(stored.get(keySetId(url)) ?? '').keys.map(({ kid }) => kid),
  };
  const parts = {
    urls,
    store: {
      read: async (ids: readonly string[]) => new Map([...stored].filter(([id]) => ids.includes(id))),
      write: async (id: string, json: string) => {
        const failure = state.writeFailure;
        state.writeFailure = undefined;
        if (failure) throw failure;
        state.steps.push('write');
        stored.set(id, json);
      },
    },
    fetchJwks: async (url: string) => {
      state.steps.push(`fetch ${url}`);
      const answer = state.answers.get(url);
      if (typeof answer !== 'string') throw answer;
      return answer;
    },
    clock: { now: () => state.now },
    log: (level: string, message: string) => {
      state.lines.push({ level, message });
    },
  };
  return { state, keySets: new KeySets(parts), another: () => new KeySets(parts) };
}

describe('on schedule', () => {
  it('every set is fetched and stored, however young it is', async () => {
    const { state, keySets } = world([A, B]);
    await keySets.refresh();
    state.now += 1000;
    await keySets.refresh();
    expect(state.fetched()).toBe(4);
    expect([state.kids(A), state.kids(B)]).toEqual([['a1'], ['b1']]);
    expect(parseKeySet(state.stored.get(keySetId(A)) ?? '')).toMatchObject({
      triedAt: START + 1000,
      fetchedAt: START + 1000,
    });
  });

  it.each([
    ['fails', new Error('refused')],
    ['has no usable key', '{"keys":[]}'],
    ['is no JSON', '<html>'],
  ])('a set whose provider %s stays as it was, and the others are fetched', async (_, answer) => {
    const { state, keySets } = world([A, B]);
    await keySets.refresh();
    state.answers.set(A, answer);
    state.answers.set(B, jwks('b2'));
    state.now += 900_000;
    await keySets.refresh();
    expect([state.kids(A), state.kids(B)]).toEqual([['a1'], ['b2']]);
    expect(parseKeySet(state.stored.get(keySetId(A)) ?? '').fetchedAt).toBe(START);
    expect(state.lines).toContainEqual({
      level: 'error',
      message: 'key set not fetched, the former one stays',
    });
  });

  it('a set that is not readable or not there is made anew', async () => {
    const { state, keySets } = world([A, B]);
    state.stored.set(keySetId(A), '{');
    state.stored.delete(keySetId(B));
    await keySets.refresh();
    expect([state.kids(A), state.kids(B)]).toEqual([['a1'], ['b1']]);
  });

  it('fails where the store does, before anything is fetched', async () => {
    const { state, keySets } = world();
    state.writeFailure = new Error('SSM is away');
    await expect(keySets.refresh()).rejects.toThrow('SSM is away');
    expect(state.fetched()).toBe(0);
  });
});

describe('for an unknown key', () => {
  it('sets that were never fetched are fetched at once, and answered', async () => {
    const { state, keySets } = world([A, B]);
    const { sets, fresh } = await keySets.find('b1');
    expect(fresh).toBe(true);
    expect(parseKeySet(sets[keySetId(B)] ?? '').keys).toMatchObject([{ kid: 'b1' }]);
    expect(sets).toEqual(Object.fromEntries(state.stored));
  });

  it('nothing is fetched where another sandbox has brought the key meanwhile', async () => {
    const { state, keySets } = world();
    await keySets.refresh();
    state.now += 10 * KEY_SET_REST_MS;
    const { sets } = await keySets.find('a1');
    expect(state.fetched()).toBe(1);
    expect(parseKeySet(sets[keySetId(A)] ?? '').keys).toMatchObject([{ kid: 'a1' }]);
  });

  it('a set is fetched once a minute at most, whatever is asked for and by however many sandboxes', async () => {
    const { state, another } = world();
    for (let second = 0; second < 300; second += 1) {
      await another().find(`invented-${second}`);
      state.now += 1000;
    }
    expect(state.fetched()).toBe(5);
  });

  it('a provider that fails is left alone for a minute as well, and nobody is told that there is no key', async () => {
    const { state, another } = world();
    state.answers.set(A, new Error('refused'));
    for (let second = 0; second < 60; second += 1) {
      expect((await another().find('new')).fresh).toBe(false);
      state.now += 1000;
    }
    expect(state.fetched()).toBe(1);
    state.answers.set(A, jwks('new'));
    expect((await another().find('new')).fresh).toBe(true);
  });

  it('is told for sure that there is none only where every set is fresh', async () => {
    const { state, keySets } = world([A, B]);
    state.answers.set(B, new Error('refused'));
    expect((await keySets.find('new')).fresh).toBe(false);
    state.answers.set(B, jwks('b1'));
    state.now += KEY_SET_REST_MS;
    expect((await keySets.find('new')).fresh).toBe(true);
    state.now += KEY_SET_REST_MS - 1;
    expect((await keySets.find('new')).fresh).toBe(true);
  });

  it('an attempt is noted before it is made', async () => {
    const { state, keySets } = world();
    await keySets.find('new');
    expect(state.steps).toEqual(['write', `fetch ${A}`, 'write']);
  });

  it('one fetch serves all that come at once', async () => {
    const { state, keySets } = world();
    await Promise.all([keySets.find('new'), keySets.find('newer'), keySets.refresh()]);
    expect(state.fetched()).toBe(1);
  });
});
