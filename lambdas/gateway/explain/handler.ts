import { readEnvironment } from '../../contract/environment';
import type { JsonValue } from '../../contract/json';
import { log } from '../../contract/log';
import { JsonService } from '../core/adapters/aws/json-service';
import { REDIS_VARIABLES, scriptsOf } from '../core/adapters/state';
import { systemClock } from '../core/clock';
import type { Facts } from '../core/explain/facts';
import { linesOf } from '../core/explain/lines';
import { questionOf } from '../core/explain/question';
import { FactReader } from '../core/explain/reader';

const environment = readEnvironment(['ENVIRONMENT', ...REDIS_VARIABLES]);
const reader = new FactReader(
  scriptsOf(environment, new JsonService('secretsmanager'), systemClock, log),
  systemClock,
);

export interface Explanation {
  readonly facts: Facts;
  /** The facts for a reader, one a line; the last line is the verdict. */
  readonly lines: readonly string[];
}

/**
 * For operators, who invoke it directly with `{"user", "channel", "offset"}`: what Redis knows of a publication's way to a
 * user. Writes nothing. Fails with a QuestionError for anything else, and where Redis does not answer.
 */
export async function handler(event: JsonValue): Promise<Explanation> {
  const facts = await reader.read(questionOf(event));
  return { facts, lines: linesOf(facts) };
}
