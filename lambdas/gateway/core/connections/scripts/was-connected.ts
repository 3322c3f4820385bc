import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. Answers 1 where it is connected, or was before it was closed; else 0: it was not
 * accepted yet, or nothing is known of it.
 */
export const wasConnected: RedisScript = {
  name: 'hf1wasconnected',
  keys: 1,
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'state', 'hand')
if known[1] == 'connected' then return 1 end
return known[1] == 'closed' and known[2] and known[2] ~= '' and 1 or 0
`,
};
