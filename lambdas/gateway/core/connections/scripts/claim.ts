import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: field of the channel, nonce of the question, nonce of the claim, until (ms).
 * Answers user, info, question (JSON); nothing where the field holds another question or none, or the connection is not connected.
 * Invariant: one claim per question; the claim's own nonce lets the script bear a repeat.
 */
export const claim: RedisScript = {
  name: 'hf1claim',
  keys: 1,
  repeatable: true,
  lua: `
local fields = redis.call('HMGET', KEYS[1], 'state', 'user', 'info', ARGV[1])
if fields[1] ~= 'connected' or not fields[4] then return {} end
local nonce, question = string.match(fields[4], '^%?:([^:]*):%d+:(.*)$')
if not nonce or (nonce ~= ARGV[2] and nonce ~= ARGV[3]) then return {} end
redis.call('HSET', KEYS[1], ARGV[1], '?:' .. ARGV[3] .. ':' .. ARGV[4] .. ':' .. question)
return {fields[2], fields[3] or '', question}
`,
};
