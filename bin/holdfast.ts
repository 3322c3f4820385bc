import { addSolutionsChecks, buildHoldfast, createApp } from '../lib/app';
import { ConfigError, loadConfig } from '../lib/config';
import { RegistrationSizeError } from '../lib/constructs/service-registration';
import { bundleFunctions } from '../lib/function-bundles';
import { ServiceDefinitionError } from '../lib/service-definition';
import { discoverServices } from '../lib/service-discovery';

/** A value of the CDK context (`-c name=value`), or else of the environment. */
function setting(context: unknown, variable: string): string | undefined {
  return typeof context === 'string' && context !== '' ? context : process.env[variable] || undefined;
}

function main(): void {
  const app = createApp();
  const overlayFile = setting(app.node.tryGetContext('config'), 'HOLDFAST_CONFIG');
  const config = loadConfig({
    environment: setting(app.node.tryGetContext('env'), 'HOLDFAST_ENV') ?? 'dev',
    ...(overlayFile === undefined ? {} : { overlayFile }),
  });
  bundleFunctions();
  buildHoldfast(app, config, discoverServices());
  if (process.env['CDK_VALIDATION'] !== 'false') addSolutionsChecks(app);
  app.synth();
}

try {
  main();
} catch (error) {
  // The reader's to mend; a stack trace would hide what is wrong.
  const refused =
    error instanceof ConfigError ||
    error instanceof ServiceDefinitionError ||
    error instanceof RegistrationSizeError;
  if (!refused) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
