import type { RedisScript } from '../../redis-script';

/**
 * Slot `{due:<k>}`. KEYS: the sorted set. ARGV: connection, at (ms), TTL (seconds).
 * Invariant: a connection is never due later than it was.
 */
export const noteDue: RedisScript = {
  name: 'hf1notedue',
  keys: 1,
  repeatable: true,
  lua: `
redis.call('ZADD', KEYS[1], 'LT', ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
`,
};

/**
 * Slot `{due:<k>}`. KEYS: the sorted set. ARGV: now (ms), most connections, end of the claim (ms).
 * Answers the connections that are due, which are due again at the end of the claim. Invariant: nobody else gets them
 * before. Those of a call whose answer was lost wait until then.
 */
export const claimDue: RedisScript = {
  name: 'hf1claimdue',
  keys: 1,
  repeatable: true,
  lua: `
local due = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
for _, connection in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[3], connection) end
return due
`,
};

/**
 * Slot `{due:<k>}`. KEYS: the sorted set. ARGV: TTL (seconds), then per connection: its name, end of its claim (ms), at (ms).
 * Invariants: who was forgotten meanwhile stays away; who was noted for an earlier time meanwhile keeps that.
 */
export const settleDue: RedisScript = {
  name: 'hf1settledue',
  keys: 1,
  repeatable: true,
  lua: `
for index = 2, #ARGV, 3 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[index])
  if score and tonumber(score) == tonumber(ARGV[index + 1]) then
    redis.call('ZADD', KEYS[1], ARGV[index + 2], ARGV[index])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
`,
};

/** Slot `{due:<k>}`. KEYS: the sorted set. ARGV: connection. */
export const forgetDue: RedisScript = {
  name: 'hf1forgetdue',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('ZREM', KEYS[1], ARGV[1])
`,
};
