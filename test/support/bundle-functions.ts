import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { buildHoldfast, createApp } from '../../lib/app';
import { type HoldfastConfig, loadConfig, makeConfig } from '../../lib/config';
import { bundleFunctions } from '../../lib/function-bundles';
import type { Service } from '../../lib/service-definition';
import { discoverServices } from '../../lib/service-discovery';
import { ASSEMBLIES, type Variant } from '../constructs/assembly';

/** The configurations whose templates the suites look at. */
const VARIANTS: { readonly [variant in Variant]: HoldfastConfig } = {
  dev: loadConfig({ environment: 'dev' }),
  local: loadConfig({ environment: 'local' }),
  prod: loadConfig({ environment: 'prod' }),
  ordered: makeConfig('ordered', { sendService: 'echo' }),
  queued: makeConfig('queued', { sendService: 'echo' }),
  other: makeConfig('other', {
    network: { egress: 'nat' },
    account: { apiGatewayLogRole: false },
    sendService: 'echo',
    auth: {
      hmac: false,
      issuer: 'https://login.example.com/',
      jwks: [
        { url: 'https://login.example.com/.well-known/jwks.json', audience: 'holdfast' },
        { url: 'https://other.example.com/jwks.json', issuer: 'https://other.example.com' },
      ],
    },
  }),
};

/** In `other`, the service decides what it may decide. */
const OTHER_SERVICE: Service = {
  name: 'echo',
  methods: ['say'],
  table: true,
  connections: true,
  receipts: true,
  lifecycle: { events: ['connected', 'subscribed', 'vacated', 'undelivered'], namespaces: ['room'] },
  observes: ['chat.send'],
  overrides: { timeout: Duration.seconds(20), memorySize: 1024, environment: { GREETING: 'hello' } },
};

const OWN_SERVICES: { readonly [variant in Variant]?: Service } = {
  other: OTHER_SERVICE,
  ordered: { name: 'echo', methods: ['say'], delivery: 'ordered', orderedMethods: ['say'] },
  queued: { name: 'echo', methods: ['say'], delivery: 'queued', maxConcurrency: 5 },
};

/**
 * Bundles the functions and synthesizes each variant once, outside of jest's module registry: there, loading the CDK
 * takes seconds in every suite.
 */
export default function setup(): void {
  bundleFunctions();
  for (const variant of Object.keys(VARIANTS) as Variant[]) {
    const own = OWN_SERVICES[variant];
    const outdir = join(ASSEMBLIES, variant);
    rmSync(outdir, { recursive: true, force: true });
    const app = createApp({ outdir, builtinCloudFormationValidation: false });
    buildHoldfast(app, VARIANTS[variant], own ? [own] : discoverServices());
    app.synth();
  }
}
