import type { RedisScript } from '../../redis-script';

/**
 * Slot `{u:<digest of the user>}`. KEYS: the user's connections, the second before which tokens are revoked. ARGV: connection,
 * now (s), end of its lease (s), most connections, iat of its token (s), TTL (seconds).
 * A field's value is `<end of the lease, s>:<iat, s>`. Answers `entered` (also where the connection was in before), `limit` or
 * `revoked`.
 * Invariants: never more connections than that with a lease; none whose token is revoked enters. Leases end by themselves, so
 * that a connection whose end nobody noticed does not count for ever.
 */
export const enterUser: RedisScript = {
  name: 'hf1enteruser',
  keys: 2,
  repeatable: true,
  lua: `
if tonumber(ARGV[5]) < tonumber(redis.call('GET', KEYS[2]) or '0') then return 'revoked' end
local most = tonumber(ARGV[4])
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= most then
  local fields = redis.call('HGETALL', KEYS[1])
  for index = 1, #fields, 2 do
    if tonumber(string.match(fields[index + 1], '^%d+')) <= tonumber(ARGV[2]) then
      redis.call('HDEL', KEYS[1], fields[index])
    end
  end
  if redis.call('HLEN', KEYS[1]) >= most then return 'limit' end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ':' .. ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 'entered'
`,
};

/** Slot `{u:<digest of the user>}`. KEYS: the user's connections. ARGV: connection. */
export const leaveUser: RedisScript = {
  name: 'hf1leaveuser',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('HDEL', KEYS[1], ARGV[1])
`,
};

/**
 * Slot `{u:<digest of the user>}`. KEYS: the user's connections, the second before which tokens are revoked. ARGV: second,
 * TTL (seconds).
 * Answers the connections whose tokens are older. Invariant: what was revoked stays so, whichever call comes last.
 */
export const revokeUser: RedisScript = {
  name: 'hf1revokeuser',
  keys: 2,
  repeatable: true,
  lua: `
local before = math.max(tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[2]) or '0'))
redis.call('SET', KEYS[2], string.format('%.0f', before), 'EX', ARGV[2])
local older = {}
local fields = redis.call('HGETALL', KEYS[1])
for index = 1, #fields, 2 do
  if tonumber(string.match(fields[index + 1], ':(%d+)$')) < before then table.insert(older, fields[index]) end
end
return older
`,
};

/**
 * Slot `{u:<digest of the user>}`. KEYS: the second before which tokens are revoked. ARGV: iat of a token (s).
 * Answers 1 where that is before it, else 0.
 */
export const isRevoked: RedisScript = {
  name: 'hf1isrevoked',
  keys: 1,
  repeatable: true,
  lua: `
return tonumber(ARGV[1]) < tonumber(redis.call('GET', KEYS[1]) or '0') and 1 or 0
`,
};
