import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../lambdas/contract/json';
import { buildHoldfast, createApp } from '../lib/app';
import { makeConfig } from '../lib/config';
import { discoverServices } from '../lib/service-discovery';

/** Stands for a value that only a deployment knows: a name, an ARN, a URL. Nothing is called. */
const STAND_IN = 'http://localhost:1/stand-in';

type Environment = Readonly<Record<string, string>>;

/** The variables of each function as the templates set them, by the names of their bundles. */
export function functionEnvironments(): ReadonlyMap<string, Environment> {
  const outdir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    // With JWKS, since there is no function for them otherwise.
    const config = makeConfig('bench', { auth: { jwks: [{ url: 'https://login.example.com/jwks.json' }] } });
    const app = createApp({ outdir, builtinCloudFormationValidation: false });
    buildHoldfast(app, config, discoverServices());
    app.synth();
    const functions = readdirSync(outdir)
      .filter((name) => name.endsWith('.template.json'))
      .flatMap((name) => functionsOf(JSON.parse(readFileSync(join(outdir, name), 'utf8'))));
    const prefix = `${config.environment}-holdfast-`;
    return new Map(functions.map(([name, environment]) => [name.slice(prefix.length), environment]));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function functionsOf(template: JsonObject): [name: string, environment: Environment][] {
  const resources = isJsonObject(template['Resources']) ? Object.values(template['Resources']) : [];
  return resources.flatMap((resource): [string, Environment][] => {
    if (!isJsonObject(resource) || resource['Type'] !== 'AWS::Lambda::Function') return [];
    const properties = isJsonObject(resource['Properties']) ? resource['Properties'] : {};
    const { FunctionName: name, Environment: environment } = properties;
    const variables = isJsonObject(environment) ? environment['Variables'] : undefined;
    if (typeof name !== 'string' || !isJsonObject(variables)) return [];
    const texts = Object.entries(variables).map(
      ([variable, value]) => [variable, typeof value === 'string' ? value : STAND_IN] as const,
    );
    return [[name, Object.fromEntries(texts)]];
  });
}
