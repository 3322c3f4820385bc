import type { RedisScript } from '../../redis-script';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: user, exp, nonce of this command, info (JSON or empty), iat
 * (empty: the command brought no token, and info and iat stay as the handshake's token said).
 * Answers `connected`, `repeated` (a second connect command), `closed` or `absent`.
 * Invariant: at most one connect command is accepted in a connection's life; its nonce lets the script bear a repeat.
 */
export const connect: RedisScript = {
  name: 'hf1connect',
  keys: 1,
  repeatable: true,
  lua: `
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 'absent' end
if state == 'closed' then return 'closed' end
local hand = redis.call('HGET', KEYS[1], 'hand')
if state == 'connected' and hand ~= '1' and hand ~= ARGV[3] then return 'repeated' end
redis.call('HSET', KEYS[1], 'state', 'connected', 'user', ARGV[1], 'exp', ARGV[2], 'hand', ARGV[3])
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'iat', ARGV[5])
  redis.call('HDEL', KEYS[1], 'info')
  if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'info', ARGV[4]) end
end
return 'connected'
`,
};
