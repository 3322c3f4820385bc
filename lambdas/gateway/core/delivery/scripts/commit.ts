import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: token, epoch, cursor, posted-at (ms; empty: nothing was
 * posted), now (ms), then per changed member: field, nonce, value (empty: removed).
 * Answers {`committed`, 1 if dirty, members removed}, or {`lost`} where the lock is another's by now. A repeat answers the
 * same until the next commit.
 * Invariants: only the holder of the lock moves the cursor; each outcome touches the subscription that it belongs to and
 * no successor; the dirty mark survives, so that nothing is missed between commit and the next begin; a pending member
 * that was to become stale and was activated meanwhile is to be closed (`x`) instead.
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
redis.call('HDEL', KEYS[1], 'lock', 'until', 'fly')
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'cursor', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'posted', ARGV[4]) end
local removed = 0
for index = 6, #ARGV, 3 do
  local value = redis.call('HGET', KEYS[1], ARGV[index])
  if value and string.match(value, '^([^|]*)|') == ARGV[index + 1] then
    if ARGV[index + 2] == '' then
      redis.call('HDEL', KEYS[1], ARGV[index])
      removed = removed + 1
    else
      local outcome = ARGV[index + 2]
      if string.match(outcome, '^[^|]*|s|') and not string.match(value, '^[^|]*|p|') then
        outcome = string.gsub(outcome, '|s|', '|x|', 1)
        redis.call('HSETNX', KEYS[1], 'dirty', ARGV[5])
      end
      redis.call('HSET', KEYS[1], ARGV[index], outcome)
    end
  end
end
redis.call('HSET', KEYS[1], 'done', ARGV[1], 'removed', removed)
return {'committed', redis.call('HEXISTS', KEYS[1], 'dirty'), removed}
`,
};
