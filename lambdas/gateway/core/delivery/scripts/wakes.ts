import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta. ARGV: partition.
 * Answers 1 where the channel has that partition, else 0: its meta was lost and begun anew with fewer.
 */
export const wakes: RedisScript = {
  name: 'hf1wakes',
  keys: 1,
  repeatable: true,
  lua: `
return tonumber(redis.call('HGET', KEYS[1], 'parts') or '0') > tonumber(ARGV[1]) and 1 or 0
`,
};
