import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: member field, nonce, value (empty: removed), now (ms).
 * Runs when a post ends that took longer than its round. Answers `landed` (a drain has to look at the member), `removed`, or
 * `absent` where the member is not in flight any more: its time was over, and its connection is being closed.
 */
export const land: RedisScript = {
  name: 'hf1land',
  keys: 1,
  repeatable: true,
  lua: `
local value = redis.call('HGET', KEYS[1], ARGV[1])
if value and value == ARGV[3] then return 'landed' end
local nonce, state = string.match(value or '', '^([^|]*)|([^|]*)|')
if nonce ~= ARGV[2] or (state ~= 'f' and state ~= 'l') then return 'absent' end
if ARGV[3] == '' or (state == 'l' and string.match(ARGV[3], '^[^|]*|([^|]*)|') ~= 'x') then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return 'removed'
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSETNX', KEYS[1], 'dirty', ARGV[4])
return 'landed'
`,
};
