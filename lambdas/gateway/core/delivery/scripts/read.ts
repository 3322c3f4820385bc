import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log. ARGV: epoch to use if there is none, meta TTL (seconds), cursor, most entries
 * per range, lowest offset of a member behind the cursor (empty: none), bytes after which a range ends.
 * Answers {epoch, top, count after the cursor, offset, publication, ...}: first the entries after the cursor, then those
 * between the member behind and the cursor. A range has at least its first entry, and at most one more than its bytes.
 */
export const read: RedisScript = {
  name: 'hf1read',
  keys: 2,
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'top')
local epoch = known[1]
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch)
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
local answer = {epoch, known[2] or '0', '0'}
local function add(from, to)
  local count, bytes = 0, 0
  while count < tonumber(ARGV[4]) do
    local step = redis.call('XRANGE', KEYS[2], '(' .. from, to, 'COUNT', 16)
    if #step == 0 then return count end
    for _, entry in ipairs(step) do
      from = string.match(entry[1], '^%d+')
      answer[#answer + 1] = from
      answer[#answer + 1] = entry[2][2]
      count = count + 1
      bytes = bytes + #entry[2][2]
      if bytes > tonumber(ARGV[6]) then return count end
    end
  end
  return count
end
answer[3] = tostring(add(ARGV[3], '+'))
if ARGV[5] ~= '' then add(ARGV[5], ARGV[3]) end
return answer
`,
};
