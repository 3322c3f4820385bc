import type { RedisScript } from '../../redis-script';

/**
 * Any slot. KEYS: what was used up. ARGV: now (ms), time that one unit takes (ms), units that may come at once, units.
 * A rate by the generic cell rate algorithm: the key holds when all that was used would be paid off (ms). Answers 1, or 0
 * where the units are too many; those cost nothing. A repeat costs once more.
 */
export const spend: RedisScript = {
  name: 'hf1spend',
  keys: 1,
  repeatable: true,
  lua: `
local now, each = tonumber(ARGV[1]), tonumber(ARGV[2])
local paid = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + each * tonumber(ARGV[4])
if paid - now > each * tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', paid), 'PX', string.format('%.0f', paid - now + 1000))
return 1
`,
};
