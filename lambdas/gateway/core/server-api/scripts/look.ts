import type { RedisScript } from '../../redis-script';

/**
 * Slot `{u:<digest of the user>}`. KEYS: the user's connections. ARGV: now (s).
 * Answers those whose lease is not over.
 */
export const connectionsOfUser: RedisScript = {
  name: 'hf1userconnections',
  keys: 1,
  repeatable: true,
  lua: `
local open = {}
local fields = redis.call('HGETALL', KEYS[1])
for index = 1, #fields, 2 do
  if tonumber(string.match(fields[index + 1], '^%d+')) > tonumber(ARGV[1]) then open[#open + 1] = fields[index] end
end
return open
`,
};

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. Answers {state, user, info, token of who serves its frames}; empty texts for
 * what is not there.
 */
export const connectionFacts: RedisScript = {
  name: 'hf1connectionfacts',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('HMGET', KEYS[1], 'state', 'user', 'info', 'lock')
`,
};

/** Slot `{due:<k>}`. KEYS: the shard's due set. Answers how many connections it has. */
export const countShard: RedisScript = {
  name: 'hf1countshard',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('ZCARD', KEYS[1])
`,
};
