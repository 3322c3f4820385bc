import { rm } from 'node:fs/promises';
import { takeForTeardown } from './redis-coordinates';

export default async function stopTestRedis(): Promise<void> {
  const started = takeForTeardown();
  if (!started) return;
  await started.redis.stop();
  await rm(started.dir, { recursive: true, force: true });
}
