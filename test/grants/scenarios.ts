import { apiScenarios } from './api-scenarios';
import { chatScenarios } from './chat-scenarios';
import { clientScenarios, dyingScenarios, slowScenarios } from './client-scenarios';
import { closingScenarios } from './closing-scenarios';
import type { World } from './world';

/** Something that the platform does for somebody. Rejects where it does not. */
export interface Scenario {
  readonly name: string;
  run(world: World): Promise<void>;
}

/** Nothing that works takes longer. */
const LIMIT_MS = 60_000;

export const START = 'the stack starts';

/**
 * In this order; those of a list run at the same time. What takes long comes last: where something is missing, the scenarios
 * before have mostly failed.
 */
const SCENARIOS: readonly (readonly Scenario[])[] = [
  closingScenarios.denied,
  [...clientScenarios, ...chatScenarios, ...apiScenarios],
  dyingScenarios,
  closingScenarios.looksBack,
  slowScenarios,
  closingScenarios.looksBack,
  closingScenarios.destructive,
];

/** Scenarios that ask for what nobody should have. */
export const DENIED: readonly string[] = closingScenarios.denied.map(({ name }) => name);

export interface Failure {
  readonly scenario: string;
  readonly message: string;
}

/**
 * Runs the scenarios until some of a list fail. What failed, in their order: each was tried a second time by itself, so that
 * it did not fail because the machine had too much to do.
 */
export async function runScenarios(world: World): Promise<Failure[]> {
  for (const group of SCENARIOS) {
    const results = await Promise.all(group.map((scenario) => failureOf(scenario, world)));
    const suspects = group.filter((_, index) => results[index] !== undefined);
    for (const [index, scenario] of suspects.entries()) {
      const failure = await failureOf(scenario, world);
      if (failure) return [failure, ...suspects.slice(index + 1).flatMap(untried)];
    }
  }
  return [];
}

const untried = ({ name }: Scenario): Failure => ({ scenario: name, message: 'failed once' });

async function failureOf({ name, run }: Scenario, world: World): Promise<Failure | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`expected an end within ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  try {
    await Promise.race([run(world), tooLong]);
    return undefined;
  } catch (error) {
    return { scenario: name, message: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
