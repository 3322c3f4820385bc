import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { RedisScripts } from '../../lambdas/gateway/core/adapters/redis-scripts';
import { openedAt } from '../../lambdas/gateway/core/connections/scripts/opened-at';
import { testScripts, unique } from './gateway-world';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function scriptsAt(port: number): RedisScripts {
  return new RedisScripts({ host: 'localhost', port, user: 'u', password: async () => 'p', ca: '' });
}

async function timeOf(work: Promise<unknown>): Promise<number> {
  const start = Date.now();
  await expect(work).rejects.toThrow();
  return Date.now() - start;
}

describe('RedisScripts', () => {
  it('rejects at once where nothing listens', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const scripts = scriptsAt(port);
    expect(await timeOf(scripts.run(openedAt, ['hf1:{c:x}'], []))).toBeLessThan(1_500);
    await scripts.disconnect();
  });

  it('rejects within about three seconds where nothing answers', async () => {
    const server = createServer();
    const port = await listen(server);
    const scripts = scriptsAt(port);
    const first = timeOf(scripts.run(openedAt, ['hf1:{c:x}'], []));
    const second = timeOf(scripts.run(openedAt, ['hf1:{c:y}'], []));
    expect(Math.max(await first, await second)).toBeLessThan(3_500);
    await scripts.disconnect();
    server.close();
  });

  it('connects again after its connection was ended', async () => {
    const scripts = testScripts();
    const key = `hf1:{c:${unique('c')}}`;
    await scripts.run(openedAt, [key], []);
    await scripts.disconnect();
    expect(await scripts.run(openedAt, [key], [])).toBeNull();
    await scripts.disconnect();
  });

  it('refuses a certificate that no authority it knows has signed', async () => {
    const { testRedis } = await import('../support/redis');
    const { host, port, user, password } = testRedis();
    const scripts = new RedisScripts({ host, port, user, password: async () => password });
    await expect(scripts.run(openedAt, ['hf1:{c:x}'], [])).rejects.toThrow();
    await scripts.disconnect();
  });
});
