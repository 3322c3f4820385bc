import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: field of the channel. Answers the subscription's record, nil where there
 * is none or the connection is not connected.
 */
export const readSubscription: RedisScript = {
  name: 'hf1readsubscription',
  keys: 1,
  repeatable: true,
  lua: `
if redis.call('HGET', KEYS[1], 'state') ~= 'connected' then return nil end
return redis.call('HGET', KEYS[1], ARGV[1])
`,
};
