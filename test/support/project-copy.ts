import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** What a project is made of; `test/unit` comes with the tests that are added to it. */
const PARTS = [
  ...['bin', 'lambdas', 'lib', 'local', 'scripts', 'web', join('test', 'support')],
  ...['package.json', 'tsconfig.json', 'cdk.json', 'jest.config.js'],
];

/** A copy of the project in a folder of its own, for services that tests add. Packages and Redis are those of this one. */
export class ProjectCopy {
  readonly root = mkdtempSync(join(tmpdir(), 'holdfast-copy-'));

  constructor() {
    for (const part of PARTS) cpSync(join(ROOT, part), join(this.root, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'));
    mkdirSync(join(this.root, '.holdfast'));
    symlinkSync(join(ROOT, '.holdfast', 'redis'), join(this.root, '.holdfast', 'redis'));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
