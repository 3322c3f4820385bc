import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log. ARGV: epoch to use if there is none, meta TTL (seconds), most entries, offset to
 * start from, not included (empty: from the end of the order), `forward` or `reverse`, how many of the newest entries may be
 * seen, most bytes of publications.
 * Answers {epoch, top, offset, publication, tag, ...}, ascending offsets forward and descending ones in reverse; one entry
 * at least where there is any, whatever its bytes. A repeat reads anew.
 * Invariant: no entry is answered but those of the channel's epoch, up to its top.
 */
export const history: RedisScript = {
  name: 'hf1history',
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
local answer = {epoch, known[2] or '0'}
local limit = tonumber(ARGV[3])
local since = tonumber(ARGV[4])
local reverse = ARGV[5] == 'reverse'
local high = tonumber(answer[2])
local low = math.max(1, high - tonumber(ARGV[6]) + 1)
if since and reverse then high = math.min(high, since - 1) end
if since and not reverse then low = math.max(low, since + 1) end
local count = 0
local bytes = 0
while count < limit and low <= high do
  local from, to = string.format('%.0f', low), string.format('%.0f', high)
  local most = math.min(16, limit - count)
  local step
  if reverse then
    step = redis.call('XREVRANGE', KEYS[2], to, from, 'COUNT', most)
  else
    step = redis.call('XRANGE', KEYS[2], from, to, 'COUNT', most)
  end
  if #step == 0 then return answer end
  for _, entry in ipairs(step) do
    local fields = {}
    for index = 1, #entry[2], 2 do fields[entry[2][index]] = entry[2][index + 1] end
    bytes = bytes + #fields.d
    if count > 0 and bytes > tonumber(ARGV[7]) then return answer end
    local offset = string.match(entry[1], '^%d+')
    count = count + 1
    answer[#answer + 1] = offset
    answer[#answer + 1] = fields.d
    answer[#answer + 1] = fields.t or ''
    if reverse then high = tonumber(offset) - 1 else low = tonumber(offset) + 1 end
  end
end
return answer
`,
};
