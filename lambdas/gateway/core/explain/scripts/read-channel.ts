import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log. ARGV: offset.
 * Answers {epoch, top, partitions, 1 if the log has an entry at the offset, its tag, offset of the oldest entry}, empty text
 * for what is not there. Writes nothing: a channel without an epoch does not get one by being looked at.
 */
export const readChannel: RedisScript = {
  name: 'hf1explainchannel',
  keys: 2,
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'top', 'parts')
local entry = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])[1]
local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local tag = ''
for index = 1, entry and #entry[2] or 0, 2 do
  if entry[2][index] == 't' then tag = entry[2][index + 1] end
end
return {
  known[1] or '', known[2] or '', known[3] or '',
  entry and '1' or '', tag,
  oldest and string.match(oldest[1], '^%d+') or ''
}
`,
};
