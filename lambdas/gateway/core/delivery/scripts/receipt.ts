import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: receipts of publications. ARGV: field, TTL (seconds), then how many sockets took each.
 * Invariant: a field counts once, however often it is noted.
 */
export const noteTaken: RedisScript = {
  name: 'hf1notetaken',
  keys: 'given',
  repeatable: true,
  lua: `
for index = 1, #KEYS do
  redis.call('HSET', KEYS[index], ARGV[1], ARGV[index + 2])
  redis.call('EXPIRE', KEYS[index], ARGV[2])
end
return #KEYS
`,
};

/**
 * Slot `{ch:<channel>}`. KEYS: meta, receipt of a publication. Answers {partitions, field, sockets, ...}; a field is
 * `<partition>:<token>`.
 */
export const readTaken: RedisScript = {
  name: 'hf1readtaken',
  keys: 2,
  repeatable: true,
  lua: `
local answer = redis.call('HGETALL', KEYS[2])
table.insert(answer, 1, redis.call('HGET', KEYS[1], 'parts') or '0')
return answer
`,
};

/** Slot `{p<n>:<channel>}`. KEYS: the partition's hash. Answers 1 where it has a member in whatever state. */
export const hasMembers: RedisScript = {
  name: 'hf1hasmembers',
  keys: 1,
  repeatable: true,
  lua: `
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 2) == 'm:' then return 1 end
end
return 0
`,
};
