import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log, moves. ARGV: epoch to use if there is none, meta TTL (seconds), cursor, most entries
 * per range, lowest offset of a member behind the cursor (empty: none), bytes after which a range ends, field of the
 * partition's last reader, token of this drain, token of the drain that committed last (`*`: the partition is new), number of the join or leave
 * after which they are wanted (empty: none), bytes of them.
 * Answers {epoch, top, tag of the top, 1 if the last reader committed, count after the cursor, tag of the cursor's entry (empty
 * where it is not there), last join or leave, count of these, offset, publication, tag, ..., number, kind, info, ...}:
 * first the entries after the cursor, then those between the member behind and the cursor. A range has at least its first
 * entry, and at most one more than its bytes.
 * Invariant: who reads is noted. Where the next one finds a reader that its partition does not know
 * of, a drain died on the way or the partition was set back by a failover: then nobody knows what was posted.
 */
export const read: RedisScript = {
  name: 'hf1read',
  keys: 3,
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'top', 'tag', ARGV[7], 'move')
local epoch = known[1]
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch)
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
local answer = {epoch, known[2] or '0', known[3] or '', '1', '0', '', known[5] or '0', '0'}
local function add(from, to)
  local count, bytes = 0, 0
  while count < tonumber(ARGV[4]) do
    local step = redis.call('XRANGE', KEYS[2], '(' .. from, to, 'COUNT', 16)
    if #step == 0 then return count end
    for _, entry in ipairs(step) do
      from = string.match(entry[1], '^%d+')
      answer[#answer + 1] = from
      answer[#answer + 1] = entry[2][2]
      answer[#answer + 1] = entry[2][4] or ''
      count = count + 1
      bytes = bytes + #entry[2][2]
      if bytes > tonumber(ARGV[6]) then return count end
    end
  end
  return count
end
local last = redis.call('XRANGE', KEYS[2], ARGV[3], ARGV[3])[1]
if last then answer[6] = last[2][4] or '' end
answer[5] = tostring(add(ARGV[3], '+'))
if ARGV[5] ~= '' then add(ARGV[5], ARGV[3]) end
local reader = known[4] or ''
if #answer > 8 and reader ~= ARGV[8] and reader ~= ARGV[9] and ARGV[9] ~= '*' then answer[4] = '0' end
redis.call('HSET', KEYS[1], ARGV[7], ARGV[8])
if ARGV[10] == '' then return answer end
local moves, bytes = 0, 0
for _, entry in ipairs(redis.call('XRANGE', KEYS[3], '(' .. ARGV[10], '+', 'COUNT', 64)) do
  bytes = bytes + #entry[2][4]
  if moves > 0 and bytes > tonumber(ARGV[11]) then break end
  moves = moves + 1
  answer[#answer + 1] = string.match(entry[1], '^%d+')
  answer[#answer + 1] = entry[2][2]
  answer[#answer + 1] = entry[2][4]
end
answer[8] = tostring(moves)
return answer
`,
};
