import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: field of the channel.
 * Answers {user, state, value of the field}, empty text for what is not there. Writes nothing.
 */
export const readSubscription: RedisScript = {
  name: 'hf1explainsubscription',
  keys: 1,
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'user', 'state', ARGV[1])
return {known[1] or '', known[2] or '', known[3] or ''}
`,
};
