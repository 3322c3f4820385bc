import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: field of the channel, nonce, now (ms), most fields that the hash
 * may have.
 * A field holds `<partition>:<nonce>`, partition `?` until it is known; `x:<partition>:<nonce>:<until ms>` while an
 * unsubscribe waits for a running drain.
 * Answers `held`, `subscribed`, `leaving`, `limit`, `closed` or `absent`.
 * Invariant: one subscription per channel and connection, and none begins before the former one's posts have ended.
 */
export const hold: RedisScript = {
  name: 'hf1hold',
  keys: 1,
  lua: `
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 'absent' end
if state ~= 'connected' then return 'closed' end
local former = redis.call('HGET', KEYS[1], ARGV[1])
if former then
  local ends = string.match(former, '^x:[^:]*:[^:]*:(%d+)$')
  if not ends then
    if former == '?:' .. ARGV[2] then return 'held' end
    return 'subscribed'
  end
  if tonumber(ends) > tonumber(ARGV[3]) then return 'leaving' end
elseif redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  return 'limit'
end
redis.call('HSET', KEYS[1], ARGV[1], '?:' .. ARGV[2])
return 'held'
`,
};
