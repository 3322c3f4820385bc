import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: field of the channel, until (ms).
 * Answers the record of the subscription that is to be left, nil where there is none. The mark ends by itself, so that an
 * unsubscribe that dies does not lock the channel for the connection's life.
 */
export const leaveChannel: RedisScript = {
  name: 'hf1leavechannel',
  keys: 1,
  repeatable: true,
  lua: `
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held then return nil end
local place, traits = string.match(held, '^x:([^:]*:[^:]*):%d+(.*)$')
if not place then place, traits = string.match(held, '^([^:]*:[^:]*):%d+(.*)$') end
local record = 'x:' .. place .. ':' .. ARGV[2] .. traits
redis.call('HSET', KEYS[1], ARGV[1], record)
return record
`,
};
