import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: token, top that is about to be posted.
 * Runs before a round's first post. Answers 1, or 0 where the lock is another's by now: then nothing may be posted.
 */
export const announce: RedisScript = {
  name: 'hf1announce',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('HGET', KEYS[1], 'lock') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'fly', ARGV[2])
return 1
`,
};
