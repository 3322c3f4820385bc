/**
 * Lua that the scripts of the inbox share. In the connection's hash: `next` the id that the order goes on with (empty: the
 * connection has no order yet), `lock` the holder's token, `until` its deadline (ms), `cur` the first id of the frame that the
 * holder serves, `seen` the last frames that were begun, as `<first>:<digest>;` or `<first>-<last>:<digest>;`, in at most 64 bytes:
 * with a longer value the hash would take three times the memory (`hash-max-listpack-value`). In the inbox: `<first id>` a waiting
 * frame as `<token>|<last>|<digest>|<at ms>|<text>`, `bytes` the length of their texts.
 *
 * `seen` has two uses: a frame that the gateway delivers twice is known again, and ids that a client with a handshake token
 * used before its connect command was served are not waited for.
 */
export const ORDER_LUA = `
local function fieldsOf(key)
  local names = {'state', 'user', 'channels', 'hand', 'exp', 'info', 'at', 'ck', 'rate', 'next', 'lock', 'until', 'cur', 'seen'}
  local values = redis.call('HMGET', key, unpack(names))
  local fields = {}
  for index, name in ipairs(names) do fields[name] = values[index] or '' end
  return fields
end
local function entryOf(first, last, digest)
  return (first == last and first or first .. '-' .. last) .. ':' .. digest .. ';'
end
local function lastSeenFrom(seen, first)
  if string.find(';' .. seen, ';' .. first .. ':', 1, true) then return first end
  return string.match(';' .. seen, ';' .. first .. '%-(%d+):')
end
local function wasSeen(fields, first, last, digest)
  return string.find(';' .. fields.seen, ';' .. entryOf(first, last, digest), 1, true) ~= nil
end
local function remember(fields, first, last, digest)
  fields.seen = fields.seen .. entryOf(first, last, digest)
  while #fields.seen > 64 do fields.seen = string.gsub(fields.seen, '^[^;]*;', '', 1) end
end
local function stored(key, first)
  local value = redis.call('HGET', key, first)
  if not value then return nil end
  local token, last, digest, at, text = string.match(value, '^([^|]*)|(%d+)|([^|]*)|(%d+)|(.*)$')
  return {first = first, token = token, last = last, digest = digest, at = at, text = text}
end
local function discard(key, frame)
  redis.call('HDEL', key, frame.first)
  redis.call('HINCRBY', key, 'bytes', 0 - #frame.text)
end
local function begin(key, fields, frame, token, ends)
  remember(fields, frame.first, frame.last, frame.digest)
  local last = frame.last
  while last do
    fields.next = string.format('%.0f', tonumber(last) + 1)
    last = lastSeenFrom(fields.seen, fields.next)
  end
  redis.call('HSET', key, 'next', fields.next, 'lock', token, 'until', ends, 'cur', frame.first, 'seen', fields.seen)
end
`;
