import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findRedis, RedisNotFoundError } from '../../local/redis/find';
import type { RedisBinary } from '../../local/redis/server-binary';

const root = join(__dirname, '..', '..');

let folder: string;
let real: RedisBinary;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-find-'));
  real = await findRedis({ say: () => undefined, projectDir: root });
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A folder that holds one program, to stand for a PATH. */
async function pathWith(name: string, program: string): Promise<string> {
  const bin = await mkdtemp(join(folder, 'bin-'));
  await writeFile(join(bin, name), program, { mode: 0o755 });
  return bin;
}

/** A program that runs the real server, libraries and all, under the name it was called by. */
const wrapper = () => `#!/bin/sh\nLD_LIBRARY_PATH='${real.libraryPath.join(':')}' exec '${real.path}' "$@"\n`;

async function search(environment: Record<string, string>) {
  const lines: string[] = [];
  const projectDir = await mkdtemp(join(folder, 'project-'));
  const found = await findRedis({ say: (line) => lines.push(line), environment, projectDir });
  return { found, lines };
}

describe('findRedis', () => {
  it('takes REDIS_SERVER before anything else and says so', async () => {
    const bin = await pathWith('my-redis', wrapper());
    const other = await pathWith('redis-server', wrapper());
    const { found, lines } = await search({ REDIS_SERVER: join(bin, 'my-redis'), PATH: other });
    expect(found).toMatchObject({ path: join(bin, 'my-redis'), version: real.version });
    expect(lines).toEqual([expect.stringContaining('given by REDIS_SERVER')]);
  });

  it('refuses a REDIS_SERVER that does not exist or is something else, even with a good one on the PATH', async () => {
    const PATH = await pathWith('redis-server', wrapper());
    const other = join(await pathWith('other', '#!/bin/sh\necho other 1.0\n'), 'other');
    const absent = join(folder, 'absent');
    await expect(search({ REDIS_SERVER: absent, PATH })).rejects.toThrow(RedisNotFoundError);
    await expect(search({ REDIS_SERVER: absent, PATH })).rejects.toThrow(
      `REDIS_SERVER: ${absent}: expected a Redis`,
    );
    await expect(search({ REDIS_SERVER: other, PATH })).rejects.toThrow('got "other 1.0" for --version');
  });

  it('passes over a server on the PATH that is too old', async () => {
    const old = await pathWith('valkey-server', '#!/bin/sh\necho "Redis server v=6.0.16 sha=0 bits=64"\n');
    const good = await pathWith('redis-server', wrapper());
    const { found } = await search({ PATH: `${old}:${good}` });
    expect(found.path).toBe(join(good, 'redis-server'));
  });

  it('passes over a server on the PATH that has no TLS', async () => {
    const without = await pathWith(
      'valkey-server',
      `#!/bin/sh
[ "$1" = --version ] && echo "Valkey server v=8.0.1 sha=0 bits=64" && exit
echo "*** FATAL CONFIG FILE ERROR (Valkey 8.0.1) ***" >&2; exit 1`,
    );
    const missing = search({ PATH: without });
    await expect(missing).rejects.toThrow('8.0.1 was built without TLS');
  });

  it('lists the ways where there is none', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    const missing = search({ PATH: empty });
    await expect(missing).rejects.toThrow(RedisNotFoundError);
    for (const way of ['PATH', 'REDIS_SERVER', 'brew install valkey', 'apt-get']) {
      await expect(missing).rejects.toThrow(way);
    }
  });

  it('reports what apt-get said where it cannot fetch, and leaves nothing behind', async () => {
    const bin = await pathWith('apt-get', '#!/bin/sh\necho "E: no such host" >&2; exit 100\n');
    await writeFile(join(bin, 'dpkg-deb'), '#!/bin/sh\n', { mode: 0o755 });
    const cache = join(folder, 'cache-left');
    await expect(search({ PATH: bin, HOLDFAST_CACHE: cache })).rejects.toThrow('E: no such host');
    expect(await readdir(join(cache, 'redis'))).toEqual([]);
  });

  it('installs by Homebrew where that is all there is', async () => {
    const prefix = join(folder, 'opt');
    const bin = await pathWith('brew', `#!/bin/sh\n[ "$1" = --prefix ] && echo '${prefix}'; exit 0\n`);
    await mkdir(join(prefix, 'bin'), { recursive: true });
    await writeFile(join(prefix, 'bin', 'valkey-server'), wrapper(), { mode: 0o755 });
    const { found, lines } = await search({ PATH: bin });
    expect(dirname(found.path)).toBe(join(prefix, 'bin'));
    expect(lines[0]).toContain('brew install valkey');
  });
});
