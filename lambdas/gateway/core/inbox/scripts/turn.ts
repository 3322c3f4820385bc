import type { RedisScript } from '../../redis-script';
import { ORDER_LUA } from './order';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash, its inbox. ARGV: token, now (ms), end of the lock (ms), first id of the frame
 * that the caller looks after, `1` if a missing frame is waited for no longer.
 * Answers one of `taken`, `gap`, `busy`, `vanished`, `repeat`, `violation`, `dead`, `closed`, `absent`, `plain` (see `Turn`); or `run`,
 * first id, at, text, state, user, channels, hand, exp, info: the lock is taken for the frame whose turn it is.
 * Invariants as in `enter`. A caller that has the lock already lost the answer with which it got it, and gets that again. The
 * text of a frame that is served stays for such repeats until the next step.
 */
export const turn: RedisScript = {
  name: 'hf1turn',
  keys: 2,
  repeatable: true,
  lua: `${ORDER_LUA}
local fields = fieldsOf(KEYS[1])
if fields.state == '' then return {'absent'} end
if fields.state == 'closed' then return {'closed'} end
local token, first = ARGV[1], ARGV[4]
local function run(frame)
  return {'run', frame.first, frame.at, frame.text, fields.state, fields.user, fields.channels, fields.hand, fields.exp, fields.info}
end
if fields.lock == token then
  local current = stored(KEYS[2], fields.cur)
  return current and run(current) or {'vanished'}
end

local own = stored(KEYS[2], first)
local passed = fields.next ~= '' and tonumber(first) < tonumber(fields.next)
if not own then return {passed and 'taken' or 'vanished'} end
if fields.lock ~= '' and tonumber(ARGV[2]) > tonumber(fields['until']) then return {'dead'} end
if passed then
  if fields.cur == first then return {'taken'} end
  if not wasSeen(fields, first, own.last, own.digest) then return {'violation'} end
  discard(KEYS[2], own)
  return {'repeat'}
end
if fields.lock ~= '' then return {'busy'} end
local frame = fields.next ~= '' and stored(KEYS[2], fields.next)
if not frame then
  if ARGV[5] == '' or fields.next ~= '' or fields.state ~= 'connected' then return {'gap'} end
  discard(KEYS[2], own)
  remember(fields, first, own.last, own.digest)
  redis.call('HSET', KEYS[1], 'seen', fields.seen)
  return {'plain'}
end
begin(KEYS[1], fields, frame, token, ARGV[3])
return run(frame)
`,
};
