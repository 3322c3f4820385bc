import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: until (ms).
 * Has the connection's commands refused for a while (`rate`: see the inbox's `load.ts`). Answers 1, or 0 where there is no hash.
 */
export const hush: RedisScript = {
  name: 'hf1hush',
  keys: 1,
  repeatable: true,
  lua: `
local rate, at = unpack(redis.call('HMGET', KEYS[1], 'rate', 'at'))
if not at then return 0 end
local used = string.match(rate or '', '^%d+:%d+') or '0:0'
redis.call('HSET', KEYS[1], 'rate', used .. string.format(':%.0f', math.max(0, ARGV[1] - at)))
return 1
`,
};
