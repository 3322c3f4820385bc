import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: member field, nonce.
 * Answers `removed`; `absent` (there is no such member); `kept` where a drain holds the partition or what was posted to the
 * member is not known yet: it is marked as left (`l`), and a drain removes it or closes its connection. A repeat of a call
 * that removed answers `absent`: the place that it leaves counted costs a place and no more.
 * Invariant: a member goes only where every post to it is over, so that none comes late to a later subscription.
 */
export const leave: RedisScript = {
  name: 'hf1leave',
  keys: 1,
  repeatable: true,
  lua: `
local value = redis.call('HGET', KEYS[1], ARGV[1])
local nonce, state, rest = string.match(value or '', '^([^|]*)|([^|]*)|[^|]*|(.*)$')
if nonce ~= ARGV[2] then return 'absent' end
if state == 'x' or state == 'l' then return 'kept' end
if state == 'f' then
  redis.call('HSET', KEYS[1], ARGV[1], nonce .. '|l||' .. rest)
  return 'kept'
end
if redis.call('HEXISTS', KEYS[1], 'lock') == 1 then
  redis.call('HSET', KEYS[1], ARGV[1], nonce .. '|l||0|' .. string.match(rest, '[^|]*$'), 'lefts', 1)
  return 'kept'
end
redis.call('HDEL', KEYS[1], ARGV[1])
return 'removed'
`,
};
