import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta. ARGV: partition, places.
 * Gives places back. A repeat would give them back twice; a call that is lost leaves a partition emptier than it is
 * counted, which costs places and no more.
 */
export const vacate: RedisScript = {
  name: 'hf1vacate',
  keys: 1,
  repeatable: false,
  lua: `
local field = 'n' .. ARGV[1]
local count = redis.call('HGET', KEYS[1], field)
if not count then return 0 end
redis.call('HSET', KEYS[1], field, math.max(0, tonumber(count) - tonumber(ARGV[2])))
if tonumber(redis.call('HGET', KEYS[1], 'room') or '0') > tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'room', ARGV[1])
end
return 1
`,
};
