import type { RedisScript } from '../../redis-script';

/**
 * Slot `{ch:<channel>}`. KEYS: meta, log, then an idempotency result per publication. ARGV: epoch to use if a new one begins,
 * entries to keep, log TTL, meta TTL, idempotency TTL (seconds), now (ms), then per publication its JSON, tag of its entry,
 * version (empty: none), epoch of versions, digest of its idempotency key, when it was published (ms) if it may have been
 * appended so long ago that its result is forgotten (empty: not so), `1` if it is appended also where that cannot be told.
 * Answers {partitions, then per publication `appended`, `repeated`, `outdated` or `unproven`, offset, epoch}.
 * Invariants: offsets of an epoch count up by one, in the order of the publications; entry id = offset; a repeat of an
 * idempotency key appends nothing and answers what the first one got; a version that is not above the last one appends
 * nothing and answers the top, as does a repeat of its key; a log whose meta is lost or behind it ends with its epoch. A log that
 * a failover set back grows on here: whoever is about to show it finds out by the witness.
 * What may have been appended before is looked for in the log, from its end to its publication; entries have the digests of their
 * keys and their times. It is appended only where the log reaches back so far: to an entry that is older, or to `since` (ms) where
 * the oldest entry is still `first`; where it is empty, to the last append. Nothing was appended for the meta's TTL where there is
 * no meta. Where the log is lost without a trace, `first` is not its oldest entry, which proves less, never more.
 */
export const append: RedisScript = {
  name: 'hf1append',
  keys: 'given',
  repeatable: true,
  lua: `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'parts', 'top', 'version', 'versions', 'at', 'since', 'first')
local epoch, top, version, versions = known[1], known[3] or '0', known[4], known[5]
local at, since, first = known[6], known[7], known[8]
local now = ARGV[6]
local answer = {known[2] or '0'}
local grown
local function beginEpoch()
  epoch = ARGV[1]
  if redis.call('DEL', KEYS[2]) == 1 or top ~= '0' then at = now end
  redis.call('HSET', KEYS[1], 'epoch', epoch)
end
local function emptySince()
  if at then return at end
  return top == '0' and string.format('%.0f', now - ARGV[4] * 1000) or now
end

local depth, digests, complete = '+', {}, true
local function field(entry, name)
  for index = 1, #entry[2], 2 do
    if entry[2][index] == name then return entry[2][index + 1] end
  end
end
local function readBackTo(published)
  while depth do
    local step = redis.call('XREVRANGE', KEYS[2], depth, '-', 'COUNT', 32)
    for _, entry in ipairs(step) do
      local digest = field(entry, 'k')
      if digest then digests[digest] = string.match(entry[1], '^%d+') else complete = false end
      depth = '(' .. entry[1]
      if tonumber(field(entry, 'a') or now) < tonumber(published) then return true end
    end
    if #step < 32 then depth = nil end
  end
  return false
end
local function isProven(published, older)
  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  if oldest and not epoch then return false end
  if older then return complete end
  local reach = now
  if not oldest then
    reach = emptySince()
  elseif first == string.match(oldest[1], '^%d+') then
    reach = since
  end
  return complete and tonumber(reach) < tonumber(published)
end

local function write(text, tag, digest)
  return redis.pcall('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], top, 'd', text, 't', tag, 'k', digest, 'a', now)
end
local function add(text, tag, digest)
  local before = emptySince()
  local starts = not grown and (not at or now - at > 60000) and redis.call('XLEN', KEYS[2]) == 0
  top = tostring(redis.call('HINCRBY', KEYS[1], 'top', 1))
  local added = write(text, tag, digest)
  if type(added) == 'table' and added.err then
    beginEpoch()
    before, starts = now, true
    write(text, tag, digest)
  end
  if starts then
    since, first = before, top
    redis.call('HSET', KEYS[1], 'tag', tag, 'at', now, 'since', since, 'first', first)
  else
    redis.call('HSET', KEYS[1], 'tag', tag, 'at', now)
  end
  at, grown, digests[digest] = now, true, top
end
local function take(key, text, tag, newVersion, newVersions, digest, published, forced)
  local former = redis.call('HMGET', key, 'offset', 'epoch')
  if former[1] then return 'repeated', former[1], former[2] end
  if published ~= '' then
    local older = readBackTo(published)
    if epoch and digests[digest] then return 'repeated', digests[digest], epoch end
    if forced == '' and not isProven(published, older) then return 'unproven', '0', '' end
  end
  if not epoch then beginEpoch() end
  local result = 'appended'
  if newVersion ~= '' and version and versions == newVersions and tonumber(version) >= tonumber(newVersion) then
    result = 'outdated'
  else
    if newVersion ~= '' then
      version, versions = newVersion, newVersions
      redis.call('HSET', KEYS[1], 'version', version, 'versions', versions)
    end
    add(text, tag, digest)
  end
  redis.call('HSET', key, 'offset', top, 'epoch', epoch)
  redis.call('EXPIRE', key, ARGV[5])
  return result, top, epoch
end
for index = 3, #KEYS do
  local from = 7 + 7 * (index - 3)
  for _, part in ipairs({take(KEYS[index], unpack(ARGV, from, from + 6))}) do answer[#answer + 1] = part end
end
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return answer
`,
};
