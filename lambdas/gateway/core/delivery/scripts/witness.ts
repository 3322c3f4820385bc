import type { RedisScript } from '../../redis-script';

/**
 * Slot `{w:<channel>}`. KEYS: the witness, `<epoch>|<offset>|<tag>`. ARGV: epoch, offset, tag, TTL (seconds).
 * Runs before anything of that offset is shown to a subscriber. Answers 1.
 * Invariant: within an epoch the witness never goes back, so an append that finds the log shorter knows of its loss.
 */
export const witness: RedisScript = {
  name: 'hf1witness',
  keys: 1,
  repeatable: true,
  lua: `
local epoch, offset = string.match(redis.call('GET', KEYS[1]) or '', '^([^|]*)|(%d+)|')
if epoch == ARGV[1] and tonumber(offset) >= tonumber(ARGV[2]) then
  redis.call('EXPIRE', KEYS[1], ARGV[4])
else
  redis.call('SET', KEYS[1], ARGV[1] .. '|' .. ARGV[2] .. '|' .. ARGV[3], 'EX', ARGV[4])
end
return 1
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
