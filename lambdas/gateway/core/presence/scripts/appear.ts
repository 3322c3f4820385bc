import type { RedisScript } from '../../redis-script';
import { ROSTER_KEYS, ROSTER_LUA } from './roster';

/**
 * Slot `{ch:<channel>}`. KEYS and shared meanings: `roster.ts`. ARGV: now (ms), client, nonce, the user's JSON text, client info
 * without client (JSON, begins with the user), end of the lease (ms), `l` where begin and end are told on the bus, `j` where the
 * client listens to joins and leaves.
 * Answers {partitions, written}. A repeat of a call that added answers no move again, so nobody is woken for it: whoever drains next
 * brings it.
 * Invariants: a client stands once in a channel, under its newest nonce; a subscription that takes the place of another one is
 * no join; the channel is occupied with its first member.
 */
export const appear: RedisScript = {
  name: 'hf1appear',
  keys: ROSTER_KEYS,
  repeatable: true,
  lua: `${ROSTER_LUA}
local client, nonce, user, info, ends, told = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
sweep()
if ARGV[8] == 'j' then
  local heard = tonumber(redis.call('HGET', KEYS[1], 'heard') or '0')
  redis.call('HSET', KEYS[1], 'heard', string.format('%.0f', math.max(heard, tonumber(ends))))
end
local formerNonce, formerUser = partsOf(redis.call('HGET', KEYS[2], client))
if formerNonce then
  count(formerUser, -1)
  add(client, nonce, user, told, info, ends)
  return {partitions, written}
end
local first = redis.call('EXISTS', KEYS[2]) == 0
add(client, nonce, user, told, info, ends)
move('join', client, info)
if told == 'l' then
  if first then occupy() end
  event('subscribed', 'client', client, 'nonce', nonce, 'info', info)
end
return {partitions, written}
`,
};
