import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: members, events. ARGV: most events, client and nonce of a subscription (or empty).
 * Answers {1 if that subscription stands in the channel, count of what waits beyond these, id, fields (a JSON array), ...}, from the oldest.
 */
export const readEvents: RedisScript = {
  name: 'hf1readevents',
  keys: 2,
  repeatable: true,
  lua: `
local held = ARGV[2] ~= '' and redis.call('HGET', KEYS[1], ARGV[2])
local nonce = held and string.match(held, '^[^|]*')
local answer = {nonce == ARGV[3] and '1' or '0', '0'}
local entries = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[1])
for _, entry in ipairs(entries) do
  answer[#answer + 1] = entry[1]
  answer[#answer + 1] = cjson.encode(entry[2])
end
answer[2] = tostring(redis.call('XLEN', KEYS[2]) - #entries)
return answer
`,
};

/**
 * Slot `{ch:<channel>}`. KEYS: events. ARGV: ids. Forgets events that the bus has taken, and answers how many it still knew. What is
 * read twice at once is put twice, under one id.
 */
export const forgetEvents: RedisScript = {
  name: 'hf1forgetevents',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('XDEL', KEYS[1], unpack(ARGV))
`,
};
