import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { bundleDirectory } from '../../lib/bundling/bundle';
import { bundleFunctions, METAFILE } from '../../lib/function-bundles';

const ROOT = join(__dirname, '..', '..');
const FUNCTIONS = [
  ...[
    'api',
    'connect',
    'courier',
    'disconnect',
    'explain',
    'ingress',
    'janitor',
    'jwks',
    'keys',
    'refusal',
  ].map((name) => `gateway-${name}`),
  'service-chat',
  'service-echo',
];

const indexOf = (name: string) => join(ROOT, bundleDirectory(name), 'index.js');

/** Bundles in another process. */
function bundleElsewhere(): Promise<number | null> {
  const script = "require('./lib/function-bundles').bundleFunctions()";
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], { cwd: ROOT, stdio: 'ignore' });
  return new Promise((resolve) => child.once('close', resolve));
}

describe('bundles', () => {
  it('are made of every function, one file each, with their sizes', () => {
    const bundles = bundleFunctions(ROOT);
    expect(bundles.map(({ name }) => name)).toEqual(expect.arrayContaining(FUNCTIONS));
    for (const { name, bytes } of bundles) {
      expect(readdirSync(join(ROOT, bundleDirectory(name)))).toEqual(['index.js']);
      expect(statSync(indexOf(name)).size).toBe(bytes);
    }
    expect(existsSync(join(ROOT, METAFILE))).toBe(true);
  });

  it('leave to services what they import, and to the gateway no AWS SDK where a message passes', () => {
    bundleFunctions(ROOT);
    const { outputs }: Metafile = JSON.parse(readFileSync(join(ROOT, METAFILE), 'utf8'));
    for (const [path, { inputs }] of Object.entries(outputs)) {
      const files = Object.keys(inputs).join('\n');
      const isService = path.includes('service-');
      if (isService) expect(files).not.toMatch(/lib\/bundling\/|build\/valkey-commands\//);
      if (!isService && !/gateway-(jwks|keys)\//.test(path)) expect(files).not.toMatch(/@(aws-sdk|smithy)\//);
      expect(files).not.toMatch(/@iovalkey\/commands\//);
    }
  });

  it('stay whole and keep their times when several processes bundle at once', async () => {
    const before = FUNCTIONS.map((name) => statSync(indexOf(name)).mtimeMs);
    expect(await Promise.all([bundleElsewhere(), bundleElsewhere()])).toEqual([0, 0]);
    expect(FUNCTIONS.map((name) => statSync(indexOf(name)).mtimeMs)).toEqual(before);
    for (const name of FUNCTIONS) expect(readFileSync(indexOf(name), 'utf8')).toMatch(/^"use strict";/);
  }, 60_000);
});
