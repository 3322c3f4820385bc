import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: now (ms), age (ms) from which a mark needs another wake.
 * Marks the partition dirty and answers 1 where a wake has to be sent: nobody drains it and nobody was woken lately.
 */
export const mark: RedisScript = {
  name: 'hf1mark',
  keys: 1,
  lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local known = redis.call('HMGET', KEYS[1], 'dirty', 'until')
local now = tonumber(ARGV[1])
if known[2] and tonumber(known[2]) > now then
  redis.call('HSETNX', KEYS[1], 'dirty', ARGV[1])
  return 0
end
if known[1] and now - tonumber(known[1]) < tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'dirty', ARGV[1])
return 1
`,
};
