/** What a client model reads of the frames that it gets. */

export interface SubscribeReply {
  readonly recoverable?: boolean;
  readonly epoch?: string;
  readonly offset?: number;
  readonly was_recovering?: boolean;
  readonly recovered?: boolean;
  readonly publications?: readonly Publication[];
}

export interface Publication {
  readonly offset: number;
  readonly data: string;
}

export interface CommandError {
  readonly code: number;
  readonly temporary?: boolean;
}

export interface Message {
  readonly id?: number;
  readonly error?: CommandError;
  readonly connect?: { readonly subs?: Readonly<Record<string, SubscribeReply>> };
  readonly subscribe?: SubscribeReply;
  readonly push?: {
    readonly channel?: string;
    readonly pub?: Publication;
    readonly unsubscribe?: { readonly code: number };
    readonly disconnect?: { readonly code: number };
  };
}

/** The client's own errors, by their codes in centrifuge-js. */
export const TIMED_OUT: CommandError = { code: 1 };
export const CONNECTION_CLOSED: CommandError = { code: 11 };

/** Whether centrifuge-js tries a connect or a subscribe again that ended so. */
export function isRetried({ code, temporary }: CommandError): boolean {
  return code < 100 || code === 109 || temporary === true;
}

/** Whether a disconnect code makes centrifuge-js reconnect. */
export function reconnects(code: number): boolean {
  return !((code >= 3500 && code < 4000) || (code >= 4500 && code < 5000));
}

const MIN_DELAY_MS = 500;
const MAX_DELAY_MS = 20_000;

/** Delay of an attempt in ms: centrifuge-js' full jitter with its defaults. `random` answers from 0 to below 1. */
export function backoff(attempt: number, random: () => number): number {
  const most = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.min(attempt, 31));
  return Math.min(MAX_DELAY_MS, MIN_DELAY_MS + Math.floor(random() * (most + 1)));
}
