import type { RedisScript } from '../../redis-script';

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: member field, member value (pending), epoch, top (the cursor of
 * a partition that is made now), TTL (seconds).
 * Answers `joined`; `epoch` where the partition still stands in another epoch: a drain has to tell its members first; `busy`
 * where a former subscription of the same connection is still there and may be posted to: a drain ends it.
 * Invariants: a pending member is skipped by drains until it is activated; `made` stands until a drain has seen the new
 * partition: publications since the top was read found none.
 */
export const join: RedisScript = {
  name: 'hf1join',
  keys: 1,
  repeatable: true,
  lua: `
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[3], 'cursor', ARGV[4], 'made', 1)
elseif epoch ~= ARGV[3] then
  return 'epoch'
end
local nonce, state = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^([^|]*)|([^|]*)|')
if nonce and nonce ~= string.match(ARGV[2], '^[^|]*') then
  if redis.call('HEXISTS', KEYS[1], 'lock') == 1 or state == 'x' or state == 'l' or state == 'f' then return 'busy' end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 'joined'
`,
};

/**
 * Slot `{p<n>:<channel>}`. KEYS: the partition's hash. ARGV: member field, nonce.
 * Answers nil where it is no member; else when the active members were posted to last (ms), if it is one of them, or an empty
 * text.
 */
export const standing: RedisScript = {
  name: 'hf1standing',
  keys: 1,
  repeatable: true,
  lua: `
local nonce, state = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^([^|]*)|([^|]*)|')
if nonce ~= ARGV[2] then return nil end
return state == 'a' and redis.call('HGET', KEYS[1], 'posted') or ''
`,
};
