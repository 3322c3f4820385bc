import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log, idempotency result. ARGV: epoch to use if a new one begins, publication (JSON),
 * entries to keep, log TTL, meta TTL, idempotency TTL (seconds), tag of the new entry, version (empty: none), epoch of versions.
 * Answers {`appended`, `repeated` or `outdated`, offset, epoch, partitions}.
 * Invariants: offsets of an epoch count up by one; entry id = offset; a repeat of an idempotency key appends nothing and
 * answers what the first one got; a version that is not above the last one appends nothing and answers the top; a log whose
 * meta is lost or behind it ends with its epoch. A log that a failover set back grows on here: whoever is about to show it
 * finds out by the witness.
 */
export const append: RedisScript = {
  name: 'hf1append',
  keys: 3,
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'parts', 'top', 'version', 'versions')
local parts = known[2] or '0'
local former = redis.call('HMGET', KEYS[3], 'offset', 'epoch')
if former[1] then return {'repeated', former[1], former[2], parts} end
local epoch = known[1]
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch)
end
if ARGV[8] ~= '' then
  if known[4] and known[5] == ARGV[9] and tonumber(known[4]) >= tonumber(ARGV[8]) then
    return {'outdated', known[3] or '0', epoch, parts}
  end
  redis.call('HSET', KEYS[1], 'version', ARGV[8], 'versions', ARGV[9])
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
