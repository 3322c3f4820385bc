import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log. ARGV: epoch to use if there is none, meta TTL (seconds), cursor, most entries,
 * lowest offset of a member behind the cursor (empty: none).
 * Answers {epoch, top, count after the cursor, offset, publication, ...}: first the entries after the cursor, then those
 * between the member behind and the cursor.
 */
export const read: RedisScript = {
  name: 'hf1read',
  keys: 2,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'top')
local epoch = known[1]
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch)
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
local entries = redis.call('XRANGE', KEYS[2], '(' .. ARGV[3], '+', 'COUNT', ARGV[4])
local answer = {epoch, known[2] or '0', tostring(#entries)}
local function add(list)
  for _, entry in ipairs(list) do
    answer[#answer + 1] = string.match(entry[1], '^%d+')
    answer[#answer + 1] = entry[2][2]
  end
end
add(entries)
if ARGV[5] ~= '' then add(redis.call('XRANGE', KEYS[2], '(' .. ARGV[5], ARGV[3], 'COUNT', ARGV[4])) end
return answer
`,
};
