import type { RedisScript } from '../../redis-script';

/** Slot `{p<n>:<channel>}`. KEYS: the partition's hash. Answers all its fields, none where it is not there. Writes nothing. */
export const readPartition: RedisScript = {
  name: 'hf1explainpartition',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('HGETALL', KEYS[1])
`,
};
