import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: state, user, exp, channels (JSON or empty), hand (`1` if a
 * handshake token authenticated it, so that a connect command may still come), TTL in seconds, now (ms), info (JSON or empty),
 * iat (empty where there was no token).
 * Answers 1; 0 where a tombstone stands already. Invariant: a closed connection never opens again.
 */
export const open: RedisScript = {
  name: 'hf1open',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('HGET', KEYS[1], 'state') == 'closed' then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'user', ARGV[2], 'exp', ARGV[3], 'channels', ARGV[4], 'hand', ARGV[5], 'seq', 0, 'dropped', '',
  'at', ARGV[7], 'info', ARGV[8], 'iat', ARGV[9], 'ck', ARGV[7], 'rate', '', 'next', '', 'lock', '', 'until', '', 'cur', '', 'seen', '')
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 1
`,
};

/** Fields that `open` always writes; all others are subscriptions. Those from `next` on are the inbox's. */
export const FIXED_FIELDS = 17;
