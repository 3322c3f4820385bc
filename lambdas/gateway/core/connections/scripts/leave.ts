import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: field of the channel, until (ms).
 * Answers {partition, nonce} of the subscription that is to be left, or an empty list. The mark ends by itself, so that an
 * unsubscribe that dies does not lock the channel for the connection's life.
 */
export const leaveChannel: RedisScript = {
  name: 'hf1leavechannel',
  keys: 1,
  repeatable: true,
  lua: `
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held then return {} end
local partition, nonce = string.match(held, '^x:([^:]*):([^:]*):%d+$')
if not partition then partition, nonce = string.match(held, '^([^:]*):([^:]*)') end
redis.call('HSET', KEYS[1], ARGV[1], 'x:' .. partition .. ':' .. nonce .. ':' .. ARGV[2])
return {partition, nonce}
`,
};
