import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assertServiceDefinition, type Service } from './service-definition';

const SERVICES = join(__dirname, '..', 'lambdas', 'services');

/** The services of this repository: every folder of `lambdas/services/` that has an `infra.ts`, by name. */
export function discoverServices(directory = SERVICES): Service[] {
  return readdirSync(directory)
    .filter((name) => existsSync(join(directory, name, 'infra.ts')))
    .sort()
    .map((name) => load(name, join(directory, name, 'infra')));
}

function load(name: string, path: string): Service {
  // Loaded by name while the app runs, so that a new folder is all that a new service takes.
  const loaded: unknown = require(path);
  const exported =
    typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  assertServiceDefinition(name, exported);
  return { ...exported, name };
}
