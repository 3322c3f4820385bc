/** A provider's function app may start cold; who waits for an unknown key gives up after a little more. */
export const FETCH_TIMEOUT_MS = 2_000;

/** Sets with certificates in them have some 20 KB; what is larger is something else. */
export const MAX_JWKS_BYTES = 128 * 1024;

/** A JWKS URL did not answer with a document that can be looked at. */
export class JwksFetchError extends Error {
  override readonly name = 'JwksFetchError';
}

/** The body as text; ends the transfer where it is longer than `MAX_JWKS_BYTES`, whatever its headers said. */
async function bodyOf(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_JWKS_BYTES) {
      throw new JwksFetchError(`${url}: expected at most ${MAX_JWKS_BYTES} bytes, got more`);
    }
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** What went wrong on the way; `fetch` itself only says that it failed. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name;
}

async function request(url: string, fetchImplementation: typeof fetch): Promise<Response> {
  try {
    return await fetchImplementation(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    });
  } catch (cause) {
    throw new JwksFetchError(`${url}: expected an answer, got ${codeOf(cause)}`, { cause });
  }
}

/**
 * Fetches the text of a JWKS over https, without following redirects: the configuration says whom to trust, not who answers.
 * Rejects with JwksFetchError for any other answer than a 200 of bounded size, and where the head takes longer than
 * `FETCH_TIMEOUT_MS`; as `fetch` does where the body takes longer.
 */
export async function fetchJwks(url: string, fetchImplementation: typeof fetch = fetch): Promise<string> {
  if (!url.startsWith('https://')) throw new JwksFetchError(`${url}: expected an https URL, got another`);
  const response = await request(url, fetchImplementation);
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new JwksFetchError(`${url}: expected status 200, got ${response.status}`);
  }
  return bodyOf(response, url);
}
