import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log, idempotency result. ARGV: epoch to use if there is none, publication (JSON),
 * entries to keep, log TTL, meta TTL, idempotency TTL (seconds).
 * Answers {`appended` or `repeated`, offset, epoch, partitions}.
 * Invariants: offsets of an epoch count up by one; entry id = offset; a repeat of an idempotency key appends nothing and
 * answers what the first one got; a log whose meta is lost or behind it ends, with its epoch.
 */
export const append: RedisScript = {
  name: 'hf1append',
  keys: 3,
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'parts')
local former = redis.call('HMGET', KEYS[3], 'offset', 'epoch')
if former[1] then return {'repeated', former[1], former[2], known[2] or '0'} end
local epoch = known[1]
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch)
end
local offset = redis.call('HINCRBY', KEYS[1], 'top', 1)
local added = redis.pcall('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], offset, 'd', ARGV[2])
if type(added) == 'table' and added.err then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch)
  redis.call('XADD', KEYS[2], offset, 'd', ARGV[2])
end
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('HSET', KEYS[3], 'offset', offset, 'epoch', epoch)
redis.call('EXPIRE', KEYS[3], ARGV[6])
return {'appended', offset, epoch, known[2] or '0'}
`,
};
