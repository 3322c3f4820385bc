import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash.
 * Answers state (empty where there is no hash), user, channels, hand, exp.
 */
export const load: RedisScript = {
  name: 'hf1load',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('HMGET', KEYS[1], 'state', 'user', 'channels', 'hand', 'exp')
`,
};
