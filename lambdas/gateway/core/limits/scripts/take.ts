import type { RedisScript } from '../../redis-script';

/**
 * Slot `{budget}`. KEYS: what was used up. ARGV: now (ms), time that one post takes (ms), posts wanted, posts that may come at
 * once, fewest to grant, most posts that may be owed (empty: none is granted without room for it; else all are).
 * A rate by the generic cell rate algorithm: the key holds when all that was used would be paid off (ms, fractions).
 * Answers {posts granted, milliseconds until all is paid off}. A repeat costs once more.
 * Invariant: what is granted in any time T is at most T / (time of one post) + the posts that may come at once; posts that are
 * counted all the same take from those that are granted later, up to what may be owed.
 */
export const take: RedisScript = {
  name: 'hf1take',
  keys: 1,
  repeatable: true,
  lua: `
local now, each = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted, burst = tonumber(ARGV[3]), tonumber(ARGV[4])
local ahead = math.max(0, tonumber(redis.call('GET', KEYS[1]) or '0') - now)
local granted = wanted
if ARGV[6] == '' then
  granted = math.min(wanted, math.floor(burst - ahead / each + 0.000001))
  if granted < tonumber(ARGV[5]) then granted = 0 end
  ahead = ahead + granted * each
else
  ahead = math.max(ahead, math.min(ahead + wanted * each, (burst + tonumber(ARGV[6])) * each))
end
if ahead > 0 then
  redis.call('SET', KEYS[1], string.format('%.4f', now + ahead), 'PX', string.format('%.0f', ahead + 1000))
end
return {granted, string.format('%.0f', ahead)}
`,
};
