import type { RedisScript } from '../../redis-script';

/** Slot `{ch:<channel>}`. KEYS: meta. ARGV: field of a partition's last reader. Answers its token, or nil. Writes nothing. */
export const readReader: RedisScript = {
  name: 'hf1explainreader',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('HGET', KEYS[1], ARGV[1])
`,
};
