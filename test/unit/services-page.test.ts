import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import type { ServiceHandler } from '../../lambdas/service-sdk';
import { TestService } from '../../lambdas/service-sdk/testing';
import { assertServiceDefinition } from '../../lib/service-definition';

const ROOT = join(__dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs', 'services.md'), 'utf8');

/** The block whose first line names the file, as a module of that place. */
function moduleOf(file: string): Record<string, unknown> {
  const blocks = [...PAGE.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text = '']) => text);
  const text = blocks.find((block) => block.startsWith(`// ${file}\n`));
  if (text === undefined) throw new Error(`docs/services.md: expected a block of ${file}, got none`);
  const { code } = transformSync(text, { loader: 'ts', format: 'cjs' });
  const folder = join(ROOT, file, '..');
  const exported = { exports: {} };
  const load = (name: string): unknown => require(name.startsWith('.') ? join(folder, name) : name);
  new Function('require', 'module', code)(load, exported);
  return exported.exports;
}

describe('the service of docs/services.md that only listens', () => {
  const analytics = new TestService(
    moduleOf('lambdas/services/analytics/handler.ts')['handler'] as ServiceHandler,
  );
  const added = (what: string, day: string) => [
    {
      Update: expect.objectContaining({
        Key: { pk: 'room#tea', sk: `day#${day}` },
        ExpressionAttributeNames: { '#what': what },
      }),
    },
  ];

  it('counts who comes into a room, once where the event comes twice', async () => {
    const info = { user: 'alice', client: 'c' };
    const entered = { channel: 'chat:tea', namespace: 'chat', client: 'c', user: 'alice', info };
    const run = await analytics.on('subscribed', entered);
    expect(run).toMatchObject({ failure: undefined, replies: [], publications: [] });
    expect(run.writes).toEqual(added('visits', new Date().toISOString().slice(0, 10)));
    expect((await analytics.invoke(run.event)).writes).toEqual([]);
  });

  it('counts sends, once where the event comes twice, and answers nobody', async () => {
    const issuedAt = Date.parse('2026-11-24T12:00:00Z');
    const run = await analytics.rpc('chat.send', { room: 'tea', text: 'hi' }, { issuedAt });
    expect(run).toMatchObject({ failure: undefined, replies: [], publications: [] });
    expect(run.writes).toEqual(added('sends', '2026-11-24'));
    expect((await analytics.invoke(run.event)).writes).toEqual([]);
  });

  it('is a service that the app can deploy', () => {
    const { default: definition } = moduleOf('lambdas/services/analytics/infra.ts');
    expect(() => assertServiceDefinition('analytics', definition)).not.toThrow();
    expect(definition).toMatchObject({ observes: ['chat.send'], lifecycle: { namespaces: ['chat'] } });
  });
});
