import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: member field, nonce.
 * Answers {1 if removed, lock token, lock deadline (ms)}; the lock's fields are empty where no drain runs. A drain that
 * runs may still post to the member until it commits. A repeat answers 0: the place that it leaves counted costs a place and no
 * more.
 */
export const leave: RedisScript = {
  name: 'hf1leave',
  keys: 1,
  repeatable: true,
  lua: `
local removed = 0
local value = redis.call('HGET', KEYS[1], ARGV[1])
if value and string.match(value, '^([^|]*)|') == ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1])
  removed = 1
end
local lock = redis.call('HMGET', KEYS[1], 'lock', 'until')
return {removed, lock[1] or '', lock[2] or ''}
`,
};
