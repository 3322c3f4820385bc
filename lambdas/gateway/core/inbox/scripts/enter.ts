import type { RedisScript } from '../../redis-script';
import { LOAD_LUA } from './load';
import { ORDER_LUA } from './order';

/** A message before the connect command keeps an invocation waiting for seconds, of a client that nobody knows. */
const EARLY_COST = 50;

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash, its inbox. ARGV: token, now (ms), end of the lock (ms), first id (0: none), last
 * id, `1` if the ids are contiguous, `1` if a connect command is among them, digest of the text, text, most bytes and most
 * frames that may wait, TTL of the inbox in seconds, time between checkups (ms), how many commands
 * count, time that one takes (ms), how many may come at once, `1` if they may be refused.
 * Answers state (empty where there is no hash), user, channels, hand, exp, info, `1` if a checkup is due, verdict, load
 * (empty, `over` or `flood`), commands to charge the user for.
 * A frame whose load is `over` is refused by its own invocation: it keeps its place in the order, where its text is empty. What
 * may not be refused is served, unless it is a flood. A repeat spends once more.
 *
 * Invariants: one holder of the lock; frames of a connection with an order begin in the order of their ids, each once. An
 * order begins with a connect command: a client that was authenticated at the handshake and sends none numbers as it likes.
 * Where its first id is not 1, it may be an SDK client whose connect command was overtaken, so that is waited for.
 * Below `next` only a frame that was seen with the same text is harmless, as the gateway may deliver one twice; other ids
 * there are a client's that does not count, and what it means to be done after what cannot be known.
 */
export const enter: RedisScript = {
  name: 'hf1enter',
  keys: 2,
  repeatable: true,
  lua: `${ORDER_LUA}${LOAD_LUA}
local fields = fieldsOf(KEYS[1])
local state = fields.state
local due, load, charge = '', '', 0
local function answer(verdict)
  return {state, fields.user, fields.channels, fields.hand, fields.exp, fields.info, due, verdict, load, charge}
end
if state == '' or state == 'closed' then return answer('') end

local token, now, first, last, digest, text = ARGV[1], tonumber(ARGV[2]), ARGV[4], ARGV[5], ARGV[8], ARGV[9]
local cost = tonumber(ARGV[14])
if state == 'pending' and first == '0' then cost = cost * ${EARLY_COST} end
load, charge = spendCommands(KEYS[1], fields, now, tonumber(ARGV[15]), tonumber(ARGV[16]), cost)
if load == 'flood' then return answer('') end
if load == 'over' then
  if ARGV[17] == '1' then text = '' else load = '' end
end
local contiguous, connects = ARGV[6] == '1', ARGV[7] == '1'
if state == 'connected' and now - (tonumber(fields.ck) or tonumber(fields.at)) >= tonumber(ARGV[13]) then
  redis.call('HSET', KEYS[1], 'ck', ARGV[2])
  due = '1'
end
if first == '0' then return answer('plain') end

if fields.next == '' then
  local mayConnect = state == 'pending' or fields.hand == '1'
  if connects and mayConnect and contiguous then
    fields.next = first
  elseif state == 'connected' and not (mayConnect and contiguous and first ~= '1' and fields.seen == '') then
    if mayConnect then
      remember(fields, first, last, digest)
      redis.call('HSET', KEYS[1], 'seen', fields.seen)
    end
    return answer('plain')
  elseif state == 'pending' and (connects or first == '1') then
    return answer('violation')
  end
end

if fields.lock == token and fields.cur == first then return answer('run') end
local former = stored(KEYS[2], first)
if former then
  if former.token == token then return answer('wait') end
  return answer(former.digest == digest and 'repeat' or 'violation')
end
if fields.next ~= '' and wasSeen(fields, first, last, digest) then return answer('repeat') end
if not contiguous then return answer('violation') end
if fields.next ~= '' then
  if tonumber(first) < tonumber(fields.next) then return answer('violation') end
  if fields.lock ~= '' and now > tonumber(fields['until']) then return answer('dead') end
  if fields.lock == '' and first == fields.next then
    begin(KEYS[1], fields, {first = first, last = last, digest = digest}, token, ARGV[3])
    return answer('run')
  end
end

local bytes = tonumber(redis.call('HGET', KEYS[2], 'bytes') or '0') + #text
if bytes > tonumber(ARGV[10]) or redis.call('HLEN', KEYS[2]) > tonumber(ARGV[11]) then return answer('full') end
redis.call('HSET', KEYS[2], 'bytes', bytes, first, token .. '|' .. last .. '|' .. digest .. '|' .. ARGV[2] .. '|' .. text)
redis.call('EXPIRE', KEYS[2], ARGV[12])
return answer('wait')
`,
};
