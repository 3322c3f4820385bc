import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE_ACCESS_STRING } from '../../lambdas/contract/cache-access';
import { startRedis } from '../../local/redis/cluster';
import { findRedis } from '../../local/redis/find';
import { keepForTeardown, REDIS_VARIABLES } from './redis-coordinates';

/** One real Redis for the whole suite, in cluster mode and with the user of the template; its coordinates in the environment. */
export default async function startTestRedis(): Promise<void> {
  const root = join(__dirname, '..', '..');
  const dir = join(root, '.holdfast', `test-redis-${process.pid}`);
  mkdirSync(dir, { recursive: true });
  const binary = await findRedis({
    say: (line) => process.stderr.write(`${line}\n`),
    projectDir: root,
  });
  const redis = await startRedis({
    binary,
    dir,
    user: 'holdfast',
    password: randomBytes(24).toString('hex'),
    accessString: CACHE_ACCESS_STRING,
  });
  keepForTeardown({ redis, dir });
  Object.assign(process.env, {
    [REDIS_VARIABLES.host]: redis.host,
    [REDIS_VARIABLES.port]: String(redis.tlsPort),
    [REDIS_VARIABLES.user]: redis.user,
    [REDIS_VARIABLES.password]: redis.password,
    [REDIS_VARIABLES.caFile]: redis.caFile,
    [REDIS_VARIABLES.operatorUrl]: redis.operatorUrl,
  });
}
