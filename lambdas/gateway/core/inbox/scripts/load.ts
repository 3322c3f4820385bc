/**
 * Lua that `enter` spends a connection's commands by. The field `rate` of its hash is `<paid>:<owed>[:<hushed>]`: when all
 * that was used would be paid off (the generic cell rate algorithm), commands that its user was not charged for yet, and until when
 * commands are refused on the user's account. Times in ms after the connection was opened, which are shorter.
 *
 * What is over the burst is refused and costs as much as what is served, so that who goes on regardless uses up twice the
 * burst, and then floods. The user is charged for `CHARGE` commands at a time, in a slot of its own.
 */
export const LOAD_LUA = `
local CHARGE = 10
local function spendCommands(key, fields, now, each, burst, count)
  local paid, owed, hushed = string.match(fields.rate, '^(%d+):(%d+):?(%d*)$')
  now = math.max(0, now - (tonumber(fields.at) or now))
  paid = math.max(tonumber(paid or 0), now) + each * count
  owed, hushed = tonumber(owed or 0) + count, tonumber(hushed or '') or 0
  local charge = 0
  if fields.user ~= '' and owed >= CHARGE then charge, owed = owed, 0 end
  local hush = hushed > now and string.format(':%.0f', hushed) or ''
  redis.call('HSET', key, 'rate', string.format('%.0f:%.0f', paid, owed) .. hush)
  local used = paid - now
  if used > 2 * each * burst then return 'flood', charge end
  return (used > each * burst or hushed > now) and 'over' or '', charge
end
`;
