/**
 * A script that runs in one cluster slot. Its keys carry the version `hf1`, and so does its name: the functions of the
 * previous release run beside this one's during a deploy, so a change of meaning takes a new version of both.
 */
export interface RedisScript {
  /** Name of the command that runs it. */
  readonly name: string;
  /** How many keys it takes, all of one slot; `given`: as many as a call gives it. */
  readonly keys: number | 'given';
  /**
   * Whether a run whose answer was lost may be repeated with the same arguments: nothing is lost by it, and nothing happens
   * twice that matters. What a repeat does otherwise, the script says.
   */
  readonly repeatable: boolean;
  readonly lua: string;
}

/** Runs scripts. Rejects within about three seconds where Redis does not answer. */
export interface ScriptRunner {
  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
}

/** Redis answered something else than a script promises. */
export class ScriptResultError extends Error {
  override readonly name = 'ScriptResultError';

  constructor(script: RedisScript, expected: string, got: unknown) {
    super(`script ${script.name}: expected ${expected}, got ${typeof got}`);
  }
}

/** A script's answer as a list of text; nil becomes empty text. */
export function textList(script: RedisScript, result: unknown): readonly string[] {
  if (!Array.isArray(result)) throw new ScriptResultError(script, 'a list', result);
  return result.map((item: unknown) => (item === null || item === undefined ? '' : String(item)));
}
