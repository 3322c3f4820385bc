import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. Notes on a tombstone that its channels will hear of its end, so that whoever
 * finds the connection closed again need not see to it. Answers 1, or 0 where there is no hash.
 */
export const departed: RedisScript = {
  name: 'hf1departed',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'departed', '1')
return 1
`,
};
