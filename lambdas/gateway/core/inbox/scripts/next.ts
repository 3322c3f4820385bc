import type { RedisScript } from '../../redis-script';
import { ORDER_LUA } from './order';

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash, its inbox. ARGV: token, end of the lock (ms), first id of the frame that was
 * served, `1` to go on with the next.
 * Answers `run`, first id, at, text of the next frame, for which the lock is renewed; `released`; `lost` where the lock is
 * not the token's; or `vanished`.
 * Invariants as in `enter`. Taking the next frame and releasing the lock is one step, so that no frame is put away between
 * them and forgotten. Where the served frame is not the one that the lock is for, the answer of a former run was lost, and is
 * given again.
 */
export const next: RedisScript = {
  name: 'hf1next',
  keys: 2,
  repeatable: true,
  lua: `${ORDER_LUA}
local fields = fieldsOf(KEYS[1])
if fields.state == '' or fields.state == 'closed' or fields.lock ~= ARGV[1] then return {'lost'} end
local current = stored(KEYS[2], fields.cur)
if fields.cur ~= ARGV[3] then
  if not current then return {'vanished'} end
  return {'run', current.first, current.at, current.text}
end
if current then discard(KEYS[2], current) end
local frame = ARGV[4] == '1' and stored(KEYS[2], fields.next)
if not frame then
  redis.call('HDEL', KEYS[1], 'lock', 'until', 'cur')
  return {'released'}
end
begin(KEYS[1], fields, frame, ARGV[1], ARGV[2])
return {'run', frame.first, frame.at, frame.text}
`,
};
