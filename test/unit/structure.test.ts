import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = join(__dirname, '..', '..');

interface Import {
  readonly from: string;
  /** Path from the root for a file of ours, else the package's name. */
  readonly to: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name));
}

function importsOf(folder: string): Import[] {
  return sources(folder).flatMap((from) => {
    const text = readFileSync(join(root, from), 'utf8');
    return [...text.matchAll(/(?:from|import|require\()\s*'([^']+)'/g)].map(([, target = '']) => ({
      from,
      to: target.startsWith('.') ? relative(root, resolve(root, dirname(from), target)) : target,
    }));
  });
}

/** Folders that a folder may import from, beside itself; packages are not looked at. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  client: [],
  'lambdas/contract': [],
  'lambdas/gateway': ['lambdas/contract'],
  'lambdas/service-sdk': ['lambdas/contract'],
  local: ['lambdas/contract'],
};

describe('dependencies point one way', () => {
  it.each(Object.entries(ALLOWED))('%s imports only from itself and %j', (folder, allowed) => {
    const ours = importsOf(folder).filter(({ to }) =>
      /^(bin|lib|lambdas|local|client|test|bench|scripts)\//.test(to),
    );
    const wrong = ours.filter(({ to }) => ![folder, ...allowed].some((place) => to.startsWith(`${place}/`)));
    expect(wrong).toEqual([]);
  });

  it('services import the SDK and nothing of the gateway', () => {
    const wrong = importsOf('lambdas/services').filter(({ to }) => /^lambdas\/gateway\/|^local\//.test(to));
    expect(wrong).toEqual([]);
  });

  it('the core knows Redis and AWS clients by its adapters only', () => {
    const wrong = importsOf('lambdas/gateway/core').filter(
      ({ from, to }) =>
        /^(iovalkey|@aws-sdk\/)/.test(to) &&
        !from.startsWith('lambdas/gateway/core/adapters/') &&
        !from.endsWith('redis-script.ts'),
    );
    expect(wrong).toEqual([]);
  });

  it('no function that a message passes loads an AWS SDK', () => {
    const offPath = /^lambdas\/gateway\/(jwks|keys)\//;
    const wrong = importsOf('lambdas/gateway').filter(
      ({ from, to }) =>
        /^@(aws-sdk|smithy)\/|^lambdas\/contract\/aws-clients$/.test(to) && !offPath.test(from),
    );
    expect(wrong).toEqual([]);
  });

  it('business functions know nothing of Redis', () => {
    const folders = ['lambdas/service-sdk', 'lambdas/services'];
    expect(folders.flatMap(importsOf).filter(({ to }) => /redis|valkey/.test(to))).toEqual([]);
  });
});

it('the web page stays under a hundred lines', () => {
  expect(readFileSync(join(root, 'web', 'index.html'), 'utf8').split('\n').length).toBeLessThan(100);
});
