import { join } from 'node:path';
import { buildSync } from 'esbuild';

/**
 * What a gateway function would import without further thought: a client of each AWS service by the SDK, Redis in cluster mode by
 * the client that most use, a token check and AWS's own logger and metrics. Fewer clients than the ingress function needs.
 */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  ioredis: ['Cluster'],
  '@aws-sdk/client-eventbridge': ['EventBridgeClient', 'PutEventsCommand'],
  '@aws-sdk/client-apigatewaymanagementapi': ['ApiGatewayManagementApiClient', 'PostToConnectionCommand'],
  'aws-jwt-verify': ['JwtVerifier'],
  '@aws-lambda-powertools/logger': ['Logger'],
  '@aws-lambda-powertools/metrics': ['Metrics'],
};

export interface NaivePeer {
  readonly file: string;
  /** Packages that are not installed, so that the peer is smaller than it should be. */
  readonly missing: readonly string[];
}

function isInstalled(name: string, root: string): boolean {
  try {
    require.resolve(name, { paths: [root] });
    return true;
  } catch {
    return false;
  }
}

/** Bundles the peer with the options of our functions, without what stands for their packages. `NODE_PATH` is looked at. */
export function buildNaivePeer(root: string, directory: string): NaivePeer {
  const names = Object.keys(IMPORTS);
  const missing = names.filter((name) => !isInstalled(name, root));
  const lines = names
    .filter((name) => !missing.includes(name))
    .map((name) => `export { ${IMPORTS[name]?.join(', ')} } from '${name}';`);
  const file = join(directory, 'naive.js');
  buildSync({
    stdin: { contents: lines.join('\n'), resolveDir: root, loader: 'ts' },
    nodePaths: process.env['NODE_PATH']?.split(':') ?? [],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    outfile: file,
  });
  return { file, missing };
}
