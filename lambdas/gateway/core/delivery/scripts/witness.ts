import type { RedisScript } from '../../redis-script';

/**
 * Slot `{w:<channel>}`. KEYS: the witness, `<epoch>|<offset>|<tag>`. ARGV: TTL (seconds), epoch, then offset and tag of the
 * position that is about to be shown, then offsets and tags of other entries that the same log was seen to hold.
 * Runs before anything up to that position is shown to a subscriber. Answers {`noted`}; {`unproved`, offset, tag of the
 * witness} where nothing tells whether that log holds what the witness saw; or {`set back`, epoch of the witness} where it
 * does not: then nothing of it may be shown.
 * Invariant: the witness only moves within one lineage of a log, forward, or on to a younger epoch; so no offset of an epoch
 * means two publications to those who were shown it.
 */
export const witness: RedisScript = {
  name: 'hf1witness',
  keys: 1,
  repeatable: true,
  lua: `
local function bornAt(epoch) return tonumber(string.match(epoch, '^%w+') or '0', 36) or 0 end
local epoch, offset, tag = string.match(redis.call('GET', KEYS[1]) or '', '^([^|]*)|(%d+)|(.*)$')
local shown = ARGV[2] .. '|' .. ARGV[3] .. '|' .. ARGV[4]
if not epoch or bornAt(epoch) < bornAt(ARGV[2]) then
  redis.call('SET', KEYS[1], shown, 'EX', ARGV[1])
  return {'noted'}
end
if epoch ~= ARGV[2] then return {'set back', epoch} end
local held
for index = 3, #ARGV, 2 do
  if ARGV[index] == offset then held = ARGV[index + 1] end
end
if not held then return {'unproved', offset, tag} end
if held ~= tag then return {'set back', epoch} end
if tonumber(offset) < tonumber(ARGV[3]) then
  redis.call('SET', KEYS[1], shown, 'EX', ARGV[1])
else
  redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return {'noted'}
`,
};

/** Slot `{w:<channel>}`. KEYS: the witness. Answers it, or nil. */
export const seen: RedisScript = {
  name: 'hf1seen',
  keys: 1,
  repeatable: true,
  lua: `
return redis.call('GET', KEYS[1])
`,
};
