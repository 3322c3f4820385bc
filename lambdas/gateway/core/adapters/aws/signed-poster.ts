import { causeOf } from '../../../../contract/log';
import type { Log, Poster, PostOutcome } from '../../ports';
import { AdaptiveLimit } from './adaptive-limit';
import { AnswerTimeoutError, AwsServiceError, CrowdedError, NotConnectedError } from './errors';
import { PostOrigin } from './post-origin';
import { isTransient, LEAST_ATTEMPT_MS, type Patience, withRetries } from './retries';
import { type BodyDigest, digestOf, errorOf, SignedOrigin, type SignedRequest } from './signed-origin';

/** A post ends within this, whatever the network does; rounds of a drain count on it. */
export const POST_TIMEOUT_MS = 2_500;

/** An attempt that may be repeated leaves time for the next. */
const REPEATED_ATTEMPT_MS = 1_500;

/** Frames of drains that run side by side; each is hashed once for all of its members. */
const FRAMES_REMEMBERED = 8;

const OCTETS = { 'content-type': 'application/octet-stream' };
const NO_HEADERS = {};

export interface SignedPosterOptions {
  /** The stage's callback URL: `https://{api}.execute-api.{region}.amazonaws.com/{stage}`. */
  readonly callbackUrl: string;
  /**
   * Attempts per post or close. For publications it must stay at one, since a repeat of a post that arrived repeats them;
   * replies and disconnects bear a repeat.
   * @default 1
   */
  readonly attempts?: number;
  readonly log: Log;
}

/** What an error of one attempt says about the attempt's effect. */
function outcomeOf(error: unknown): PostOutcome {
  if (error instanceof AwsServiceError) {
    if (error.status === 410) return 'gone';
    if (error.status === 429) return 'throttled';
    return error.status >= 400 && error.status < 500 ? 'failed' : 'unknown';
  }
  if (error instanceof CrowdedError) return 'throttled';
  // Anything that is neither is a mistake before the request was made.
  return error instanceof NotConnectedError || !isTransient(error) ? 'failed' : 'unknown';
}

function isCongestion(error: unknown): boolean {
  return error instanceof AnswerTimeoutError || (error instanceof AwsServiceError && error.status === 429);
}

/**
 * Posts by `POST @connections`, all attempts of a post within `POST_TIMEOUT_MS`. The outcome is the last attempt's; but where
 * one before may have been taken, nothing less than an `ok` or a `gone` makes that known.
 */
export class SignedPoster implements Poster {
  readonly #origin: SignedOrigin;
  readonly #limit = new AdaptiveLimit();
  readonly #patience: Patience;
  readonly #log: Log;
  readonly #digests = new Map<string, BodyDigest>();

  constructor({ callbackUrl, attempts = 1, log }: SignedPosterOptions) {
    this.#origin = new SignedOrigin('execute-api', new PostOrigin(new URL(callbackUrl)));
    const attemptMs = attempts > 1 ? REPEATED_ATTEMPT_MS : POST_TIMEOUT_MS;
    this.#patience = { attempts, attemptMs, totalMs: POST_TIMEOUT_MS };
    this.#log = log;
  }

  post(connection: string, frame: string): Promise<PostOutcome> {
    return this.#call('post', connection, () => ({
      method: 'POST',
      path: pathOf(connection),
      headers: OCTETS,
      body: frame,
      digest: this.#digestOf(frame),
    }));
  }

  close(connection: string): Promise<PostOutcome> {
    return this.#call('close', connection, () => ({
      method: 'DELETE',
      path: pathOf(connection),
      headers: NO_HEADERS,
      body: '',
      digest: this.#digestOf(''),
    }));
  }

  async #call(
    what: 'post' | 'close',
    connection: string,
    requestOf: () => SignedRequest,
  ): Promise<PostOutcome> {
    let isInDoubt = false;
    try {
      const request = requestOf();
      await withRetries(this.#patience, async (milliseconds) => {
        try {
          await this.#attempt(what, request, milliseconds);
        } catch (error) {
          isInDoubt ||= outcomeOf(error) === 'unknown';
          throw error;
        }
      });
      return 'ok';
    } catch (error) {
      const last = outcomeOf(error);
      const outcome = isInDoubt && last !== 'gone' ? 'unknown' : last;
      if (outcome === 'failed' || outcome === 'unknown') {
        this.#log('warn', `${what} did not succeed`, { connection, outcome, ...causeOf(error) });
      }
      return outcome;
    }
  }

  async #attempt(what: string, request: SignedRequest, milliseconds: number): Promise<void> {
    const endsAt = Date.now() + milliseconds;
    if (!(await this.#limit.enter(milliseconds - LEAST_ATTEMPT_MS))) {
      throw new CrowdedError(this.#origin.host, milliseconds);
    }
    let congested = false;
    try {
      const answer = await this.#origin.send(request, endsAt - Date.now());
      if (answer.status < 200 || answer.status > 299) throw errorOf(what, answer);
    } catch (error) {
      congested = isCongestion(error);
      throw error;
    } finally {
      this.#limit.leave(congested);
    }
  }

  #digestOf(frame: string): BodyDigest {
    const known = this.#digests.get(frame);
    if (known !== undefined) return known;
    const digest = digestOf(frame);
    this.#digests.set(frame, digest);
    if (this.#digests.size > FRAMES_REMEMBERED) {
      const [oldest] = this.#digests.keys();
      if (oldest !== undefined) this.#digests.delete(oldest);
    }
    return digest;
  }
}

/** Throws URIError for text that no connection's id can be. */
function pathOf(connection: string): string {
  return `/@connections/${encodeURIComponent(connection)}`;
}
