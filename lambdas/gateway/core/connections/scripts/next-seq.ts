import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash.
 * Answers the next envelope number; 0 where there is no hash: counting must not make one without a TTL. A repeat
 * skips a number.
 */
export const nextSeq: RedisScript = {
  name: 'hf1nextseq',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
return redis.call('HINCRBY', KEYS[1], 'seq', 1)
`,
};
