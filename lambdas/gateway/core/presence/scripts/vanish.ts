import type { RedisScript } from '../../redis-script';
import { ROSTER_KEYS, ROSTER_LUA } from './roster';

/**
 * Slot `{ch:<channel>}`. KEYS and shared meanings: `roster.ts`. ARGV: now (ms), client, nonce.
 * Answers {partitions, written}. A repeat finds nothing to remove; while the client's leave is the channel's last move, it
 * asks for its wakes again.
 * Invariant: a removal names a subscription, so that a late one takes nobody away who came back.
 */
export const vanish: RedisScript = {
  name: 'hf1vanish',
  keys: ROSTER_KEYS,
  repeatable: true,
  lua: `${ROSTER_LUA}
local client = ARGV[2]
sweep()
local value = redis.call('HGET', KEYS[2], client)
local nonce = partsOf(value)
if nonce and nonce == ARGV[3] then
  remove(client, value)
elseif not nonce then
  local last = redis.call('XREVRANGE', KEYS[5], '+', '-', 'COUNT', 1)[1]
  local head = '{"client":"' .. client .. '",'
  if last and last[2][2] == 'leave' and string.sub(last[2][4], 1, #head) == head then
    partitions = redis.call('HGET', KEYS[1], 'parts') or '0'
  end
end
return {partitions, written}
`,
};
