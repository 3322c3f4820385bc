import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log. ARGV: epoch to use if there is none, members per partition, meta TTL (seconds),
 * offset to recover from (empty: no recovery), most entries, most bytes of them.
 * Reserves a place in a partition and reads the channel's position in the same step.
 * Answers {partition, epoch, top, tag of the top, last join or leave, offset, publication, tag, ...}; no entries where they are too many. A
 * repeat would reserve a second place.
 * Invariants: partitions fill from the lowest; `room` never exceeds the lowest partition that has room.
 */
export const place: RedisScript = {
  name: 'hf1place',
  keys: 2,
  repeatable: false,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'top', 'parts', 'room', 'tag', 'move')
local epoch = known[1]
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch)
end
local parts = tonumber(known[3] or '0')
local partition = tonumber(known[4] or '0')
while partition < parts and tonumber(redis.call('HGET', KEYS[1], 'n' .. partition) or '0') >= tonumber(ARGV[2]) do
  partition = partition + 1
end
redis.call('HINCRBY', KEYS[1], 'n' .. partition, 1)
redis.call('HSET', KEYS[1], 'room', partition, 'parts', math.max(parts, partition + 1))
redis.call('EXPIRE', KEYS[1], ARGV[3])
local answer = {tostring(partition), epoch, known[2] or '0', known[5] or '', known[6] or '0'}
local from = ARGV[4]
if from == '' or tonumber(answer[3]) - tonumber(from) > tonumber(ARGV[5]) then return answer end
local bytes = 0
while true do
  local step = redis.call('XRANGE', KEYS[2], '(' .. from, '+', 'COUNT', 16)
  if #step == 0 then return answer end
  for _, entry in ipairs(step) do
    from = string.match(entry[1], '^%d+')
    bytes = bytes + #entry[2][2]
    if bytes > tonumber(ARGV[6]) then return {answer[1], answer[2], answer[3], answer[4], answer[5]} end
    answer[#answer + 1] = from
    answer[#answer + 1] = entry[2][2]
    answer[#answer + 1] = entry[2][4] or ''
  end
end
`,
};
