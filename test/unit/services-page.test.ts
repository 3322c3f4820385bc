import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import type { ServiceHandler } from '../../lambdas/service-sdk';
import { TestService } from '../../lambdas/service-sdk/testing';
import { assertServiceDefinition } from '../../lib/service-definition';
import { filesIn } from '../support/page-files';
import { PushProvider } from '../support/push-provider';

const ROOT = join(__dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs', 'services.md'), 'utf8');

/** The block whose first line names the file, as a module of that place. */
function moduleOf(file: string): Record<string, unknown> {
  const [, service = ''] = /services\/(\w+)\//.exec(file) ?? [];
  const text = new Map(filesIn(PAGE, service)).get(file);
  if (text === undefined) throw new Error(`docs/services.md: expected a block of ${file}, got none`);
  const { code } = transformSync(text, { loader: 'ts', format: 'cjs' });
  const folder = join(ROOT, file, '..');
  const exported = { exports: {} };
  const load = (name: string): unknown => require(name.startsWith('.') ? join(folder, name) : name);
  new Function('require', 'module', code)(load, exported);
  return exported.exports;
}

describe('the service of docs/services.md that pushes', () => {
  const provider = new PushProvider();
  const push = new TestService(moduleOf('lambdas/services/push/handler.ts')['handler'] as ServiceHandler);
  const missed = { user: 'bob', from: 'chat', data: { type: 'mention' } };

  beforeAll(async () => {
    await provider.start();
    process.env['PUSH_URL'] = `${provider.url}/send`;
  });
  afterAll(() => {
    delete process.env['PUSH_URL'];
    return provider.stop();
  });
  beforeEach(() => provider.pushed.splice(0));

  it('pushes what reached no socket, with the key of the event', async () => {
    const run = await push.on('undelivered', missed);
    expect(run.failure).toBeUndefined();
    await push.invoke(run.event);
    const { pushed } = provider;
    expect(pushed).toHaveLength(2);
    expect(pushed[0]).toEqual({ key: expect.stringMatching(/^undelivered%3A/) as unknown, body: missed });
    expect(pushed[1]).toEqual(pushed[0]);
  });

  it('is tried again where the provider does not take it', async () => {
    provider.status = 503;
    expect((await push.on('undelivered', missed)).failure).toMatchObject({
      message: 'push: expected success, got 503',
    });
  });

  it('answers how many sockets took a notice', async () => {
    const run = await push.rpc('notify', { user: 'bob', text: 'hi' });
    expect(run.replies).toEqual([{ id: 1, rpc: { data: { sockets: 1 } } }]);
    expect(run.publications).toMatchObject([{ channel: 'user:#bob', receipt: true }]);
    const { replies } = await push.invoke(run.event, { sockets: 0 });
    expect(replies).toEqual([{ id: 1, rpc: { data: { sockets: 0 } } }]);
  });

  it('is a service that the app can deploy', () => {
    const { default: definition } = moduleOf('lambdas/services/push/infra.ts');
    expect(() => assertServiceDefinition('push', definition)).not.toThrow();
  });
});

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
