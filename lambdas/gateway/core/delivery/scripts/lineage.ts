import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log. ARGV: epoch, then offsets and tags.
 * Answers 1 where the log is of that epoch and has each of these entries, or had it before it was trimmed; else 0.
 */
export const holds: RedisScript = {
  name: 'hf1holds',
  keys: 2,
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'top', 'tag')
if known[1] ~= ARGV[1] then return 0 end
local top = tonumber(known[2] or '0')
for index = 2, #ARGV, 2 do
  local offset = tonumber(ARGV[index])
  if offset > top then return 0 end
  local tag = known[3] or ''
  if offset < top then
    local entry = redis.call('XRANGE', KEYS[2], ARGV[index], ARGV[index])[1]
    tag = entry and entry[2][4] or ARGV[index + 1]
  end
  if tag ~= ARGV[index + 1] then return 0 end
end
return 1
`,
};

/**
 * Slot `{ch:<channel>}`. KEYS: meta. ARGV: epoch that ends, epoch that begins, TTL (seconds).
 * A log that was set back goes on under a new epoch: its entries were shown to nobody under that one. Answers 1, or 0 where
 * the epoch has ended already.
 */
export const renew: RedisScript = {
  name: 'hf1renew',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
`,
};
