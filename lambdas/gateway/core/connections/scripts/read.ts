import type { RedisScript } from '../../redis-script';

/** Slot `{c:<conn>}`. KEYS: the connection's hash. Answers all its fields, none where it is not there. */
export const readConnection: RedisScript = {
  name: 'hf1readconnection',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('HGETALL', KEYS[1])
`,
};
