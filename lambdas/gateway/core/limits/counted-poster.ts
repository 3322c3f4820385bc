import type { Poster, PostOutcome } from '../ports';
import type { PostCount } from './post-count';

/** Posts that wait for no budget, but count. */
export class CountedPoster implements Poster {
  readonly #poster: Poster;
  readonly #count: Pick<PostCount, 'add'>;

  constructor(poster: Poster, count: Pick<PostCount, 'add'>) {
    this.#poster = poster;
    this.#count = count;
  }

  post(connection: string, frame: string): Promise<PostOutcome> {
    const outcome = this.#poster.post(connection, frame);
    this.#count.add();
    return outcome;
  }

  close(connection: string): Promise<PostOutcome> {
    const outcome = this.#poster.close(connection);
    this.#count.add();
    return outcome;
  }
}
