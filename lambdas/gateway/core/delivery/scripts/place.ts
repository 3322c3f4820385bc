import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log. ARGV: epoch to use if there is none, members per partition, meta TTL (seconds),
 * offset to recover from (empty: no recovery), most entries.
 * Reserves a place in a partition and reads the channel's position in the same step.
 * Answers {partition, epoch, top, offset, publication, offset, publication, ...}.
 * Invariants: partitions fill from the lowest; `room` never exceeds the lowest partition that has room.
 */
export const place: RedisScript = {
  name: 'hf1place',
  keys: 2,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'top', 'parts', 'room')
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
local answer = {tostring(partition), epoch, known[2] or '0'}
if ARGV[4] ~= '' then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '(' .. ARGV[4], '+', 'COUNT', ARGV[5])) do
    answer[#answer + 1] = string.match(entry[1], '^%d+')
    answer[#answer + 1] = entry[2][2]
  end
end
return answer
`,
};
