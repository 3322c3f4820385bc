import type { RedisScript } from '../../redis-script';

/** Slot `{c:<conn>}`. KEYS: the connection's hash. Answers when it was opened (epoch ms), nil where it is not there. */
export const openedAt: RedisScript = {
  name: 'hf1openedat',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('HGET', KEYS[1], 'at')
`,
};
