import type { RedisScript } from '../../redis-script';
import { MAX_LISTED_MEMBERS, ROSTER_KEYS, ROSTER_LUA } from './roster';

/**
 * Slot `{ch:<channel>}`. KEYS and shared meanings: `roster.ts`. ARGV: now (ms), most bytes of the members' infos.
 * Answers {partitions, written, `listed`, client info, ...}, or `many` instead where they are too many or too large to be listed.
 * A repeat reads anew.
 */
export const members: RedisScript = {
  name: 'hf1members',
  keys: ROSTER_KEYS,
  repeatable: true,
  lua: `${ROSTER_LUA}
sweep()
if redis.call('HLEN', KEYS[2]) > ${MAX_LISTED_MEMBERS} then return {partitions, written, 'many'} end
local answer = {partitions, written, 'listed'}
local bytes = 0
local fields = redis.call('HGETALL', KEYS[2])
for index = 1, #fields, 2 do
  local client = fields[index]
  local _, _, _, info = partsOf(fields[index + 1])
  local whole = withClient(client, info)
  bytes = bytes + #whole + #client + 4
  if bytes > tonumber(ARGV[2]) then return {partitions, written, 'many'} end
  answer[#answer + 1] = whole
end
return answer
`,
};

/**
 * Slot `{ch:<channel>}`. KEYS and shared meanings: `roster.ts`. ARGV: now (ms).
 * Answers {partitions, written, clients, users}: as fast for many as for few. A repeat counts anew.
 */
export const counts: RedisScript = {
  name: 'hf1counts',
  keys: ROSTER_KEYS,
  repeatable: true,
  lua: `${ROSTER_LUA}
sweep()
return {partitions, written, redis.call('HLEN', KEYS[2]), redis.call('HLEN', KEYS[3])}
`,
};
