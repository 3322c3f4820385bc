import type { PostBudget } from './post-budget';

/** One script for so many posts. */
const COUNTED_TOGETHER = 10;

/** Posts that take from the budget without waiting for it. A few at the end of a process remain uncounted. */
export class PostCount {
  readonly #budget: Pick<PostBudget, 'spend'>;
  #uncounted = 0;

  constructor(budget: Pick<PostBudget, 'spend'>) {
    this.#budget = budget;
  }

  /** Counts one. Returns at once. */
  add(): void {
    this.#uncounted++;
    if (this.#uncounted < COUNTED_TOGETHER) return;
    this.#budget.spend(this.#uncounted);
    this.#uncounted = 0;
  }
}
