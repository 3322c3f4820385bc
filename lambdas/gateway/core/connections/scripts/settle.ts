import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: field of the channel, nonce, settled record.
 * Runs after the join and answers `settled`, or `lost` where a tombstone or another subscription came between: the
 * caller then undoes its join. Invariant: a member that a tombstone could not see is seen here.
 */
export const settle: RedisScript = {
  name: 'hf1settle',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('HGET', KEYS[1], 'state') ~= 'connected' then return 'lost' end
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held ~= ARGV[3] and (not held or string.match(held, '^%?:([^:]*):%d+') ~= ARGV[2]) then return 'lost' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 'settled'
`,
};
