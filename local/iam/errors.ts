/** A policy says something that the local evaluator does not know, so that it cannot tell what AWS would decide. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';

  /** @param path where in the policy, such as `Statement[0].Condition.StringEquals` */
  constructor(path: string, expected: string, got: unknown) {
    super(`${path}: expected ${expected}, got ${JSON.stringify(got)}`);
  }
}
