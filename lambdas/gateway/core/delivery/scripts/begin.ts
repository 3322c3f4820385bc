import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: token, now (ms), deadline (ms), TTL (seconds).
 * Answers {`none`} (no partition), {`busy`} (another drain holds the lock; it is told to look again), or {`held`, field,
 * value, ...}: the whole hash.
 * Invariants: one holder until its deadline; the mark `dirty` is cleared only by a holder that reads everything afterwards;
 * `fly` (in-flight top) stays from a holder that never committed, so the next one knows.
 */
export const begin: RedisScript = {
  name: 'hf1begin',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then return {'none'} end
local lock = redis.call('HMGET', KEYS[1], 'lock', 'until')
if lock[1] and lock[1] ~= ARGV[1] and tonumber(lock[2]) > tonumber(ARGV[2]) then
  redis.call('HSETNX', KEYS[1], 'dirty', ARGV[2])
  return {'busy'}
end
redis.call('HSET', KEYS[1], 'lock', ARGV[1], 'until', ARGV[3])
redis.call('HDEL', KEYS[1], 'dirty')
redis.call('EXPIRE', KEYS[1], ARGV[4])
local answer = redis.call('HGETALL', KEYS[1])
table.insert(answer, 1, 'held')
return answer
`,
};
