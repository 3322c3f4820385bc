import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: field of the channel, flag of server-side subscriptions, expires at (s), info
 * (JSON or empty).
 * Gives a settled subscription that the client made a new end. Answers 1; 0 where there is none.
 */
export const renewSubscription: RedisScript = {
  name: 'hf1renewsubscription',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('HGET', KEYS[1], 'state') ~= 'connected' then return 0 end
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held then return 0 end
local place, flags = string.match(held, '^(%d+:[^:]*:%d+):([^:]*):%d+')
if not place or string.find(flags, ARGV[2], 1, true) then return 0 end
local tail = ARGV[4] == '' and '' or ':' .. ARGV[4]
redis.call('HSET', KEYS[1], ARGV[1], place .. ':' .. flags .. ':' .. ARGV[3] .. tail)
return 1
`,
};
