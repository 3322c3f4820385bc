import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: token, epoch, cursor, posted-at (ms; empty: nothing was
 * posted to active members), now (ms), last join or leave that was told (empty: as before), then per changed member: field, nonce, value (empty: removed).
 * Answers {`committed`, 1 if dirty, members removed}, or {`lost`} where the lock is another's by now. A repeat answers the
 * same until the next commit.
 * Invariants: only the holder of the lock moves the cursor; each outcome touches the subscription that it belongs to and
 * no successor; the dirty mark survives, so that nothing is missed between commit and the next begin; a pending member
 * that was to become stale and was activated meanwhile is to be closed (`x`) instead; a member that left meanwhile (`l`)
 * goes where what it got is known, else its connection is closed.
 */
export const commit: RedisScript = {
  name: 'hf1commit',
  keys: 1,
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'lock', 'done', 'removed')
if known[1] ~= ARGV[1] then
  if known[2] ~= ARGV[1] then return {'lost', 0, 0} end
  return {'committed', redis.call('HEXISTS', KEYS[1], 'dirty'), tonumber(known[3])}
end
redis.call('HDEL', KEYS[1], 'lock', 'until', 'fly', 'made')
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'cursor', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'posted', ARGV[4]) end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'moves', ARGV[6]) end
local removed = 0
for index = 7, #ARGV, 3 do
  local value = redis.call('HGET', KEYS[1], ARGV[index])
  local nonce, state = string.match(value or '', '^([^|]*)|([^|]*)|')
  local outcome = ARGV[index + 2]
  local becomes = string.match(outcome, '^[^|]*|([^|]*)|')
  if nonce ~= ARGV[index + 1] then
    becomes = nil
  elseif outcome == '' then
    redis.call('HDEL', KEYS[1], ARGV[index])
    removed = removed + 1
  elseif state == 'l' and becomes == 'f' then
    redis.call('HSET', KEYS[1], ARGV[index], (string.gsub(outcome, '|f|', '|l|', 1)))
  elseif becomes == 's' and state ~= 'p' then
    redis.call('HSET', KEYS[1], ARGV[index], (string.gsub(outcome, '|s|', '|x|', 1)))
    redis.call('HSETNX', KEYS[1], 'dirty', ARGV[5])
  elseif state ~= 'l' or becomes == 'x' then
    redis.call('HSET', KEYS[1], ARGV[index], outcome)
  end
end
if redis.call('HDEL', KEYS[1], 'lefts') == 1 then
  local fields = redis.call('HGETALL', KEYS[1])
  for index = 1, #fields, 2 do
    if string.match(fields[index], '^m:') and string.match(fields[index + 1], '^[^|]*|l|[^|]*|0|') then
      redis.call('HDEL', KEYS[1], fields[index])
      removed = removed + 1
    end
  end
end
redis.call('HSET', KEYS[1], 'done', ARGV[1], 'removed', removed)
return {'committed', redis.call('HEXISTS', KEYS[1], 'dirty'), removed}
`,
};
