import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash, its waiting frames. ARGV: TTL of the tombstone in seconds.
 * Puts up the tombstone, also where there is no hash (`$disconnect` may come before `$connect` has written it), deletes the
 * frames that wait, which nobody will serve, and answers the hash as it now is. Fields stay, so that a repeat can finish what the first run left undone.
 */
export const close: RedisScript = {
  name: 'hf1close',
  keys: 2,
  repeatable: true,
  lua: `
redis.call('HSET', KEYS[1], 'state', 'closed')
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return redis.call('HGETALL', KEYS[1])
`,
};
