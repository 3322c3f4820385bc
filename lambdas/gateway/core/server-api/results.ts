import * as v from 'valibot';
import { anyJson } from './fields';
import type { Method } from './requests';

/** What the methods answer. Nothing reads an answer here: these are what the document of the API and its tests go by. */

const count = v.pipe(v.number(), v.integer('an integer'), v.minValue(0, 'at least 0'));
const nothing = v.strictObject({});

const clientInfo = v.strictObject({
  client: v.string(),
  user: v.string(),
  conn_info: v.exactOptional(anyJson),
  chan_info: v.exactOptional(anyJson),
});

/** Without offset and epoch: accepted, and not known to be in the log within the time that a publish waits. */
const position = v.strictObject({ offset: v.exactOptional(count), epoch: v.exactOptional(v.string()) });

export const apiError = v.strictObject({ code: count, message: v.string() });

export const RESULTS = {
  publish: position,
  broadcast: v.strictObject({
    responses: v.array(
      v.strictObject({ result: v.exactOptional(position), error: v.exactOptional(apiError) }),
    ),
  }),
  subscribe: nothing,
  unsubscribe: nothing,
  disconnect: nothing,
  presence: v.strictObject({ presence: v.record(v.string(), clientInfo) }),
  presence_stats: v.strictObject({ num_clients: count, num_users: count }),
  history: v.strictObject({
    publications: v.array(
      v.strictObject({ offset: count, data: anyJson, info: v.exactOptional(clientInfo) }),
    ),
    offset: count,
    epoch: v.string(),
  }),
  history_remove: nothing,
  info: v.strictObject({
    nodes: v.array(
      v.strictObject({
        uid: v.string(),
        name: v.string(),
        version: v.string(),
        num_clients: count,
        num_users: count,
        num_channels: count,
        uptime: count,
      }),
    ),
  }),
  reply: nothing,
  delivered: v.strictObject({ sockets: v.exactOptional(count) }),
  revoke: nothing,
} as const satisfies Readonly<Record<Method, v.GenericSchema>>;
