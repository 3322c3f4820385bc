import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: now (ms), age (ms) from which a mark needs another wake,
 * token of this call.
 * Marks the partition dirty and answers 1 where a wake has to be sent: nobody drains it and nobody was woken lately. A
 * repeat of the call that set the mark answers 1 again: whoever asked may not know yet.
 */
export const mark: RedisScript = {
  name: 'hf1mark',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local known = redis.call('HMGET', KEYS[1], 'dirty', 'until')
local now = tonumber(ARGV[1])
if known[2] and tonumber(known[2]) > now then
  redis.call('HSETNX', KEYS[1], 'dirty', ARGV[1])
  return 0
end
if known[1] then
  local since, token = string.match(known[1], '^(%d+):?(.*)$')
  if token ~= ARGV[3] and now - tonumber(since) < tonumber(ARGV[2]) then return 0 end
end
redis.call('HSET', KEYS[1], 'dirty', ARGV[1] .. ':' .. ARGV[3])
return 1
`,
};
