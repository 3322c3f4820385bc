import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: field of the channel, nonce, token of this call.
 * Answers `dropped`, `other` (the field names another nonce and stays) or `absent`. The token of the last drop is kept, so that
 * a repeat answers `dropped` again.
 */
export const drop: RedisScript = {
  name: 'hf1drop',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('HGET', KEYS[1], 'dropped') == ARGV[3] then return 'dropped' end
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held then return 'absent' end
local nonce = string.match(held, '^x:[^:]*:([^:]*):%d+') or string.match(held, '^[^:]*:([^:]*)')
if nonce ~= ARGV[2] then return 'other' end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], 'dropped', ARGV[3])
return 'dropped'
`,
};
