import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: state, user, exp, channels (JSON or empty), hand (`1` if a
 * handshake token authenticated it, so that a connect command may still come), TTL in seconds, now (ms), info (JSON or empty),
 * iat (empty where there was no token).
 * What is empty is not written: a hash costs memory by its fields, and there is one for each connection. Others come when they
 * are needed: the inbox's (`order.ts`, `load.ts`), `ck` (last checkup), `seq`, `dropped`, `departed`, subscriptions.
 * Answers 1; 0 where a tombstone stands already. Invariant: a closed connection never opens again.
 */
export const open: RedisScript = {
  name: 'hf1open',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('HGET', KEYS[1], 'state') == 'closed' then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'user', ARGV[2], 'exp', ARGV[3], 'at', ARGV[7])
for name, value in pairs({channels = ARGV[4], hand = ARGV[5], info = ARGV[8], iat = ARGV[9]}) do
  if value ~= '' then redis.call('HSET', KEYS[1], name, value) end
end
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 1
`,
};
