import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: user, exp, info (JSON or empty), iat.
 * Answers 1; 0 where the connection is not connected as this user.
 */
export const refresh: RedisScript = {
  name: 'hf1refresh',
  keys: 1,
  repeatable: true,
  lua: `
local state, user = unpack(redis.call('HMGET', KEYS[1], 'state', 'user'))
if state ~= 'connected' or user ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'exp', ARGV[2], 'info', ARGV[3], 'iat', ARGV[4])
return 1
`,
};
