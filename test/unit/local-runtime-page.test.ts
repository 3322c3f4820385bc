import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const page = readFileSync(join(ROOT, 'docs', 'local-runtime.md'), 'utf8');

it('the example of the test kit is a test that runs', () => {
  const blocks = [...page.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```/gms)];
  expect(blocks.map(([, file]) => file)).toEqual(['examples/other-team/test/stack/ballot.test.ts']);
  for (const [, file = '', text] of blocks) expect(text).toBe(readFileSync(join(ROOT, file), 'utf8'));
});
