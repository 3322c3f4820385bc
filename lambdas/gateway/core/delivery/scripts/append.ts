import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log, idempotency result. ARGV: epoch to use if a new one begins, publication (JSON),
 * entries to keep, log TTL, meta TTL, idempotency TTL (seconds), tag of the new entry, epoch, offset and tag of the channel's
 * witness (empty: there is none), version (empty: none), epoch of versions.
 * Answers {`appended`, `repeated` or `outdated`, offset, epoch, partitions}.
 * Invariants: offsets of an epoch count up by one; entry id = offset; a repeat of an idempotency key appends nothing and
 * answers what the first one got; a version that is not above the last one appends nothing and answers the top; a log whose
 * meta is lost or behind it, or that is not the one the witness saw (a failover lost its end or set it back to a former
 * epoch), ends with its epoch.
 */
export const append: RedisScript = {
  name: 'hf1append',
  keys: 3,
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'parts', 'top', 'tag', 'version', 'versions')
local parts = known[2] or '0'
local former = redis.call('HMGET', KEYS[3], 'offset', 'epoch')
if former[1] then return {'repeated', former[1], former[2], parts} end
local epoch = known[1]
local top = tonumber(known[3] or '0')
local continues = epoch
if epoch and ARGV[8] ~= '' and epoch ~= ARGV[8] then
  continues = false
elseif epoch and ARGV[8] ~= '' then
  local offset = tonumber(ARGV[9])
  local tag = known[4] or ''
  if offset < top then
    local entry = redis.call('XRANGE', KEYS[2], ARGV[9], ARGV[9])[1]
    tag = entry and entry[2][4] or ARGV[10]
  end
  continues = offset <= top and tag == ARGV[10]
end
if not continues then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch)
end
if ARGV[11] ~= '' then
  if known[5] and known[6] == ARGV[12] and tonumber(known[5]) >= tonumber(ARGV[11]) then
    return {'outdated', tostring(top), epoch, parts}
  end
  redis.call('HSET', KEYS[1], 'version', ARGV[11], 'versions', ARGV[12])
end
local offset = redis.call('HINCRBY', KEYS[1], 'top', 1)
local added = redis.pcall('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], offset, 'd', ARGV[2], 't', ARGV[7])
if type(added) == 'table' and added.err then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch)
  redis.call('XADD', KEYS[2], offset, 'd', ARGV[2], 't', ARGV[7])
end
redis.call('HSET', KEYS[1], 'tag', ARGV[7])
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('HSET', KEYS[3], 'offset', offset, 'epoch', epoch)
redis.call('EXPIRE', KEYS[3], ARGV[6])
return {'appended', offset, epoch, parts}
`,
};
