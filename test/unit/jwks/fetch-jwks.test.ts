import { fetchJwks, JwksFetchError, MAX_JWKS_BYTES } from '../../../lambdas/gateway/jwks/fetch-jwks';

const URL = 'https://login.example.com/jwks.json';

/** Answers every request so, and notes them. */
function answering(answer: () => Response | Promise<Response>) {
  const requests: { url: string; init: RequestInit | undefined }[] = [];
  const implementation: typeof fetch = async (url, init) => {
    requests.push({ url: String(url), init });
    return answer();
  };
  return { requests, implementation };
}

/** A body of 2 MB without a length, in pieces of 32 KB; counts those that were taken. */
function largeBody() {
  const taken = { pieces: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      taken.pieces += 1;
      controller.enqueue(new Uint8Array(32 * 1024));
      if (taken.pieces === 64) controller.close();
    },
    cancel() {
      taken.cancelled = true;
    },
  });
  return { taken, body };
}

describe('fetchJwks', () => {
  it('answers the text, follows no redirect and has a time-out', async () => {
    const { implementation, requests } = answering(() => new Response('{"keys":[]}'));
    expect(await fetchJwks(URL, implementation)).toBe('{"keys":[]}');
    expect(requests).toEqual([{ url: URL, init: expect.objectContaining({ redirect: 'error' }) }]);
    expect(requests[0]?.init?.signal).toBeInstanceOf(AbortSignal);
  });

  it.each(['http://login.example.com/jwks.json', 'file:///etc/passwd', 'HTTPS://login.example.com', ''])(
    'asks nobody for %j',
    async (url) => {
      const { implementation, requests } = answering(() => new Response('{}'));
      await expect(fetchJwks(url, implementation)).rejects.toThrow(JwksFetchError);
      expect(requests).toEqual([]);
    },
  );

  it.each([201, 204, 301, 404, 500])('refuses status %d', async (status) => {
    const { implementation } = answering(() => new Response(null, { status }));
    await expect(fetchJwks(URL, implementation)).rejects.toThrow(`expected status 200, got ${status}`);
  });

  it('takes a body of the largest size, and ends a transfer that is larger', async () => {
    const { implementation } = answering(() => new Response('x'.repeat(MAX_JWKS_BYTES)));
    expect(await fetchJwks(URL, implementation)).toHaveLength(MAX_JWKS_BYTES);
    const { taken, body } = largeBody();
    const large = answering(() => new Response(body));
    await expect(fetchJwks(URL, large.implementation)).rejects.toThrow('bytes, got more');
    expect(taken.cancelled).toBe(true);
    expect(taken.pieces).toBeLessThanOrEqual(7);
  });

  it.each([
    [
      'ECONNREFUSED',
      new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }),
    ],
    ['TimeoutError', Object.assign(new Error('late'), { name: 'TimeoutError' })],
    ['TypeError', new TypeError('unexpected redirect')],
  ])('says what went wrong on the way: %s', async (text, error) => {
    const { implementation } = answering(() => Promise.reject(error));
    await expect(fetchJwks(URL, implementation)).rejects.toThrow(`${URL}: expected an answer, got ${text}`);
  });
});
