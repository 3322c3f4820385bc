import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Denial } from '../../local/iam/access-control';
import { type Grant, readTemplate } from './grants';
import { DENIED, runScenarios, START } from './scenarios';
import { StartFailedError, startWorld, type World } from './world';

/** What became of the platform without a grant. */
export interface Outcome {
  readonly grant: Grant;
  /** The first scenario that failed; undefined where none did. */
  readonly neededBy: string | undefined;
  /** What the first failed scenario saw. */
  readonly seen: string;
  /** Whether somebody asked for what the grant allows and was refused. */
  readonly refused: boolean;
}

/** Runs every scenario without a grant. */
export async function runWithout(assembly: string, grant: Grant, basePort: number): Promise<Outcome> {
  const directory = assemblyWithout(assembly, grant);
  let world: World | undefined;
  try {
    world = await startWorld(directory, basePort);
    const [failure] = await runScenarios(world);
    return outcomeOf(grant, failure?.scenario, failure?.message ?? '', world.denials);
  } catch (error) {
    if (!(error instanceof StartFailedError)) throw error;
    return outcomeOf(grant, START, error.message, error.denials);
  } finally {
    await world?.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Whether an outcome says something: what fails without a refusal has failed for another reason, a busy machine perhaps. What
 * is denied nobody asks for but the scenarios that look for it.
 */
export function isClear({ grant, neededBy, refused }: Outcome): boolean {
  if (neededBy === undefined) return true;
  return grant.kind === 'denies' ? DENIED.includes(neededBy) : refused;
}

function outcomeOf(
  grant: Grant,
  neededBy: string | undefined,
  message: string,
  denials: readonly Denial[],
): Outcome {
  const refused = denials.some((denial) => isAbout(denial, grant));
  const [seen = ''] = message.split('\n');
  return { grant, neededBy, seen, refused };
}

function isAbout({ caller, need }: Denial, { kind, action, holder }: Grant): boolean {
  if (kind === 'managed policy') return caller.kind === 'role';
  const actions = action.toLowerCase().split(', ');
  if (!actions.includes(need.action.toLowerCase())) return false;
  return kind !== 'allows' || (caller.kind === 'role' && caller.session === holder);
}

/** The assembly again, with one template changed. */
function assemblyWithout(assembly: string, grant: Grant): string {
  const directory = mkdtempSync(join(tmpdir(), 'grants-'));
  for (const name of readdirSync(assembly)) {
    if (name !== grant.file) symlinkSync(join(assembly, name), join(directory, name));
  }
  const template = grant.remove(readTemplate(assembly, grant.file));
  writeFileSync(join(directory, grant.file), JSON.stringify(template));
  return directory;
}
