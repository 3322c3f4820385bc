import type { Poster, PostOutcome } from '../ports';
import type { PostBudget } from './post-budget';

/** One script for so many posts. */
const COUNTED_TOGETHER = 10;

/** Posts that wait for no budget, but count. A few at the end of a process remain uncounted. */
export class CountedPoster implements Poster {
  readonly #poster: Poster;
  readonly #budget: Pick<PostBudget, 'spend'>;
  #uncounted = 0;

  constructor(poster: Poster, budget: Pick<PostBudget, 'spend'>) {
    this.#poster = poster;
    this.#budget = budget;
  }

  post(connection: string, frame: string): Promise<PostOutcome> {
    const outcome = this.#poster.post(connection, frame);
    this.#count();
    return outcome;
  }

  close(connection: string): Promise<PostOutcome> {
    const outcome = this.#poster.close(connection);
    this.#count();
    return outcome;
  }

  #count(): void {
    this.#uncounted++;
    if (this.#uncounted < COUNTED_TOGETHER) return;
    this.#budget.spend(this.#uncounted);
    this.#uncounted = 0;
  }
}
