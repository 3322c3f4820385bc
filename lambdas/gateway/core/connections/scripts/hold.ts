import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: field of the channel, nonce, now (ms), until (ms), most
 * subscriptions, question (JSON or empty).
 * A field holds what `subscriptionRecord` reads. What has an end is free after it, so that nothing that died locks the channel
 * for the connection's life.
 * Answers `held`, `subscribed`, `leaving` (another subscribe or an unsubscribe is on its way), `limit`, `closed` or
 * `absent`.
 * Invariant: one subscription per channel and connection, and none begins before the former one's posts have ended.
 */
export const hold: RedisScript = {
  name: 'hf1hold',
  keys: 1,
  repeatable: true,
  lua: `
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 'absent' end
if state ~= 'connected' then return 'closed' end
local former = redis.call('HGET', KEYS[1], ARGV[1])
if former then
  local nonce, ends = string.match(former, '^%?:([^:]*):(%d+)')
  if not ends then ends = string.match(former, '^x:[^:]*:[^:]*:(%d+)') end
  if not ends then return 'subscribed' end
  if nonce ~= ARGV[2] and tonumber(ends) > tonumber(ARGV[3]) then return 'leaving' end
elseif redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then
  -- Only where it may be the last: not all fields are subscriptions.
  local subscriptions = 0
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(name, 1, 2) == 's:' then subscriptions = subscriptions + 1 end
  end
  if subscriptions >= tonumber(ARGV[5]) then return 'limit' end
end
local question = ARGV[6] == '' and '' or ':' .. ARGV[6]
redis.call('HSET', KEYS[1], ARGV[1], '?:' .. ARGV[2] .. ':' .. ARGV[4] .. question)
return 'held'
`,
};
