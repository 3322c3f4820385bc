import { CONNECTION_TTL_SECONDS } from '../../connections/connection';

/** Members up to which a channel lists them and tells of joins and leaves; its counts go on above. */
export const MAX_LISTED_MEMBERS = 2_000;

/** Joins and leaves that wait for a drain: as many as a burst brings, and no longer than anybody cares. */
const MOVES_KEPT = 200;
const MOVES_SECONDS = 60;

/** A lease that nobody ended outlives every connection; the keys outlive the last lease. */
const KEYS_SECONDS = CONNECTION_TTL_SECONDS + 60;

/** Events wait for the bus as long as the wakes that bring them there. */
const EVENTS_SECONDS = 4 * 24 * 3600;

/** Leases that one call ends at most. */
const SWEPT = 16;

/** A week, as every script that writes a channel's meta gives it. */
const META_SECONDS = 7 * 24 * 3600;

/** Keys of the scripts that know who is there, in this order: meta, members, users, leases, moves, events. */
export const ROSTER_KEYS = 6;

/**
 * Lua that the scripts of presence share; slot `{ch:<channel>}`, KEYS as above, ARGV[1] now (ms).
 *
 * `members`: a field per client, `<nonce>|<bytes of the user's JSON text>|<l: told on the bus>|<client info without client>`; the info
 * begins with the user: `{"user":"alice"...}`. `users`: how many clients each has, by 56 bits of the
 * SHA-1 of that text: a third of the memory, and two users that meet in it cost a count. `leases`: clients by the
 * time (ms) at which they count as gone, whatever was lost. `moves`: joins and leaves, numbered by `move` of the meta; written
 * while somebody listens (`heard`: until when a subscription that wants them may live, ms). `events`: what is to be put on the bus;
 * `gen` of the meta names the time since which the channel is occupied.
 *
 * Each answer begins with the partitions to tell of a move (0: none to tell), and 1 if events were written.
 */
export const ROSTER_LUA = `
local now = tonumber(ARGV[1])
local partitions, written = '0', '0'

local function withClient(client, info)
  return '{"client":"' .. client .. '",' .. string.sub(info, 2)
end

local function move(kind, client, info)
  local known = redis.call('HMGET', KEYS[1], 'heard', 'parts')
  if tonumber(known[1] or '0') <= now or redis.call('HLEN', KEYS[2]) > ${MAX_LISTED_MEMBERS} then return end
  local function add(number)
    return redis.pcall('XADD', KEYS[5], 'MAXLEN', '~', ${MOVES_KEPT}, number, 'k', kind, 'i', withClient(client, info))
  end
  local number = redis.call('HINCRBY', KEYS[1], 'move', 1)
  local added = add(number)
  if type(added) == 'table' and added.err then
    redis.call('DEL', KEYS[5])
    add(number)
  end
  redis.call('EXPIRE', KEYS[5], ${MOVES_SECONDS})
  partitions = known[2] or '0'
end

local function event(kind, ...)
  redis.call('XADD', KEYS[6], '*', 'event', kind, 'at', ARGV[1], ...)
  redis.call('EXPIRE', KEYS[6], ${EVENTS_SECONDS})
  written = '1'
end

local function partsOf(value)
  local nonce, length, told, info = string.match(value or '', '^([^|]*)|(%d+)|(l?)|(.*)$')
  if not nonce then return nil end
  return nonce, string.sub(info, 9, 8 + tonumber(length)), told, info
end

local function count(user, change)
  local key = string.sub(redis.sha1hex(user), 1, 14)
  if redis.call('HINCRBY', KEYS[3], key, change) <= 0 then redis.call('HDEL', KEYS[3], key) end
end

local function remove(client, value)
  local nonce, user, told, info = partsOf(value)
  redis.call('HDEL', KEYS[2], client)
  redis.call('ZREM', KEYS[4], client)
  count(user, -1)
  move('leave', client, info)
  if told ~= 'l' then return end
  event('unsubscribed', 'client', client, 'nonce', nonce, 'info', info)
  if redis.call('EXISTS', KEYS[2]) == 1 then return end
  local generation = redis.call('HGET', KEYS[1], 'gen')
  if generation then event('vacated', 'generation', generation) end
end

local function add(client, nonce, user, told, info, ends)
  redis.call('HSET', KEYS[2], client, nonce .. '|' .. #user .. '|' .. told .. '|' .. info)
  count(user, 1)
  redis.call('ZADD', KEYS[4], ends, client)
  for index = 2, 4 do redis.call('EXPIRE', KEYS[index], ${KEYS_SECONDS}) end
  redis.call('EXPIRE', KEYS[1], ${META_SECONDS})
end

local function occupy()
  local former = tonumber(redis.call('HGET', KEYS[1], 'gen') or '0')
  local generation = string.format('%.0f', math.max(now, former + 1))
  redis.call('HSET', KEYS[1], 'gen', generation)
  redis.call('EXPIRE', KEYS[1], ${META_SECONDS})
  event('occupied', 'generation', generation)
end

local function sweep()
  local ended = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[1], 'LIMIT', 0, ${SWEPT})
  for _, client in ipairs(ended) do
    local value = redis.call('HGET', KEYS[2], client)
    if value then remove(client, value) else redis.call('ZREM', KEYS[4], client) end
  end
end
`;
