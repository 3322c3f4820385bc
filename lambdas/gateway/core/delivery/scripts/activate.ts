import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: member field, nonce, now (ms).
 * Runs after the reply was posted. Answers `missing` (the member is not there any more, the caller tells the client),
 * `told` (a drain tells the client, or it left by itself), `active`, or `wake` where publications passed while it was pending, or may have passed
 * before its partition was made, and no drain is running that would see it.
 * Invariant: a member becomes active only where its own offset is the cursor and no drain holds another view of the hash;
 * otherwise it starts behind, with its own offset.
 */
export const activate: RedisScript = {
  name: 'hf1activate',
  keys: 1,
  repeatable: true,
  lua: `
local value = redis.call('HGET', KEYS[1], ARGV[1])
if not value then return 'missing' end
local known = redis.call('HMGET', KEYS[1], 'cursor', 'until', 'lock', 'dirty', 'made')
local nonce, state, offset, _, kind = string.match(value, '^([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)$')
if nonce ~= ARGV[2] then return 'missing' end
if state == 's' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return 'missing'
end
if state == 'u' or state == 'x' or state == 'l' or state == 'f' then return 'told' end
if state == 'a' then return known[5] and 'wake' or 'active' end
local cursor = tonumber(known[1] or '0')
local own = tonumber(offset)
if not known[3] and own == cursor then
  redis.call('HSET', KEYS[1], ARGV[1], nonce .. '|a|||' .. kind)
  return known[5] and 'wake' or 'active'
end
redis.call('HSET', KEYS[1], ARGV[1], nonce .. '|b|' .. offset .. '|0|' .. kind)
if not known[4] then redis.call('HSET', KEYS[1], 'dirty', ARGV[3]) end
if known[3] and tonumber(known[2]) > tonumber(ARGV[3]) then return 'active' end
return 'wake'
`,
};
