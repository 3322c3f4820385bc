import type { RedisScript } from '../../redis-script';

/**
 * Lua that `enter` spends a connection's commands by. The field `rate` of its hash is `<paid>:<owed>:<hushed>`: when all that was
 * used would be paid off (ms; the generic cell rate algorithm), commands that its user was not charged for yet, and until when
 * commands are refused on the user's account (ms).
 *
 * What is over the burst is refused and costs as much as what is served, so that who goes on regardless uses up twice the
 * burst, and then floods. The user is charged for `CHARGE` commands at a time, in a slot of its own.
 */
export const LOAD_LUA = `
local CHARGE = 10
local function spendCommands(key, fields, now, each, burst, count)
  local paid, owed, hushed = string.match(fields.rate, '^(%d+):(%d+):(%d+)$')
  paid = math.max(tonumber(paid or 0), now) + each * count
  owed, hushed = tonumber(owed or 0) + count, tonumber(hushed or 0)
  local charge = 0
  if fields.user ~= '' and owed >= CHARGE then charge, owed = owed, 0 end
  redis.call('HSET', key, 'rate', string.format('%.0f:%.0f:%.0f', paid, owed, hushed))
  local used = paid - now
  if used > 2 * each * burst then return 'flood', charge end
  return (used > each * burst or hushed > now) and 'over' or '', charge
end
`;

/**
 * Slot `{c:<conn>}`. KEYS: the connection's hash. ARGV: until (ms).
 * Refuses the connection's commands for a while. Answers 1, or 0 where there is no hash.
 */
export const hush: RedisScript = {
  name: 'hf1hush',
  keys: 1,
  repeatable: true,
  lua: `
local rate = redis.call('HGET', KEYS[1], 'rate')
if not rate then return 0 end
local used = string.match(rate, '^%d+:%d+') or '0:0'
redis.call('HSET', KEYS[1], 'rate', used .. ':' .. ARGV[1])
return 1
`,
};
