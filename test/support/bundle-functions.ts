import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildHoldfast, createApp } from '../../lib/app';
import { type HoldfastConfig, loadConfig, makeConfig } from '../../lib/config';
import { bundleFunctions } from '../../lib/function-bundles';
import { discoverServices } from '../../lib/service-discovery';
import { ASSEMBLIES, type Variant } from '../constructs/assembly';

/** The configurations whose templates the suites look at. */
const VARIANTS: { readonly [variant in Variant]: HoldfastConfig } = {
  dev: loadConfig({ environment: 'dev' }),
  local: loadConfig({ environment: 'local' }),
  prod: loadConfig({ environment: 'prod' }),
  nat: makeConfig('nat', { network: { egress: 'nat' }, account: { apiGatewayLogRole: false } }),
};

/**
 * Bundles the functions and synthesizes each variant once, outside of jest's module registry: there, loading the CDK
 * takes seconds in every suite.
 */
export default function setup(): void {
  bundleFunctions();
  for (const [variant, config] of Object.entries(VARIANTS)) {
    const outdir = join(ASSEMBLIES, variant);
    rmSync(outdir, { recursive: true, force: true });
    const app = createApp({ outdir, builtinCloudFormationValidation: false });
    buildHoldfast(app, config, discoverServices());
    app.synth();
  }
}
