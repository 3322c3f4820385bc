import { SERVER_VERSION } from '../version';
import type { ApiAnswer, ApiError } from './answer';
import { history, historyRemove, presence, presenceStats } from './channel-state';
import { disconnect, reply, revoke, subscribe, unsubscribe } from './clients';
import { delivered } from './delivered';
import { guarded } from './guarded';
import { parseRequest } from './parse-request';
import type { RequestContext, ServerApiParts } from './ports';
import { broadcast, publish } from './publications';
import type { Method, Request } from './requests';

/** `malformed`: no request of that method could be read, so nothing was tried. */
export type Called =
  | { readonly outcome: 'answered'; readonly answer: ApiAnswer }
  | { readonly outcome: 'malformed'; readonly error: ApiError };

type Handlers = {
  readonly [Name in Method]: (
    parts: ServerApiParts,
    request: Request<Name>,
    context: RequestContext,
  ) => Promise<ApiAnswer>;
};

const HANDLERS: Handlers = {
  publish,
  broadcast,
  subscribe,
  unsubscribe,
  disconnect,
  presence,
  presence_stats: presenceStats,
  history,
  history_remove: historyRemove,
  info,
  reply,
  delivered,
  revoke,
};

/** What backends may ask for, however the request came. */
export class ServerApi {
  readonly #parts: ServerApiParts;

  constructor(parts: ServerApiParts) {
    this.#parts = parts;
  }

  /** Runs a method on the parsed JSON of a request. Never rejects: what does not answer is a temporary error. */
  async call<Name extends Method>(method: Name, body: unknown, context: RequestContext): Promise<Called> {
    const parsed = parseRequest(method, body);
    if (parsed.result === 'malformed') return { outcome: 'malformed', error: parsed.error };
    if (parsed.result === 'refused') return { outcome: 'answered', answer: { error: parsed.error } };
    const { request } = parsed;
    const handle: Handlers[Name] = HANDLERS[method];
    const answer = await guarded(this.#parts.log, context, () => handle(this.#parts, request, context));
    return { outcome: 'answered', answer };
  }
}

/** There are no nodes: one entry stands for the environment. What nobody counts is 0. */
async function info({ census, environment }: ServerApiParts): Promise<ApiAnswer> {
  const node = {
    uid: environment,
    name: environment,
    version: SERVER_VERSION,
    num_clients: await census.connections(),
    num_users: 0,
    num_channels: 0,
    uptime: 0,
  };
  return { result: { nodes: [node] } };
}
