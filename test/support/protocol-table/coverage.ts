import { DISCONNECTS, PROTOCOL_ERRORS, UNSUBSCRIBES } from '../../../lambdas/contract/codes';
import type { Push } from '../../../lambdas/contract/frames';
import type { Command } from '../../../lambdas/gateway/core/protocol/commands';
import type { Message, Row, Scene } from './exchange';

// The compiler holds both to the protocol's own types.
const COMMANDS: Readonly<Record<Exclude<Command['kind'], 'refused' | 'pong'>, true>> = {
  connect: true,
  subscribe: true,
  unsubscribe: true,
  publish: true,
  presence: true,
  presence_stats: true,
  history: true,
  rpc: true,
  send: true,
  refresh: true,
  sub_refresh: true,
  ping: true,
};

type PushKind = Push extends infer One
  ? One extends { readonly push: infer Body }
    ? Exclude<keyof Body, 'channel'>
    : never
  : never;

const PUSHES: Readonly<Record<PushKind, true>> = {
  pub: true,
  join: true,
  leave: true,
  subscribe: true,
  unsubscribe: true,
  message: true,
  disconnect: true,
};

/** Everything that the protocol has: `command rpc`, `push join`, `error 103`, `disconnect 3005`, `unsubscribe 2501`. */
export function everything(): string[] {
  const codes = (kind: string, table: Readonly<Record<string, { readonly code: number }>>) =>
    Object.values(table).map(({ code }) => `${kind} ${code}`);
  return [
    ...Object.keys(COMMANDS).map((name) => `command ${name}`),
    ...Object.keys(PUSHES).map((name) => `push ${name}`),
    ...codes('error', PROTOCOL_ERRORS),
    ...codes('disconnect', DISCONNECTS),
    ...codes('unsubscribe', UNSUBSCRIBES),
  ];
}

const SCENE: Scene = {
  channel: 'room:coverage',
  user: (who) => who,
  token: () => 'token',
  forged: () => 'token',
};

/** What of it these rows send, and are answered with. */
export function coveredBy(rows: readonly Row[]): Set<string> {
  const covered = new Set<string>();
  for (const exchange of rows.flatMap(({ exchanges }) => exchanges(SCENE))) {
    if (!('by' in exchange)) continue;
    for (const message of messagesOf(exchange.sends)) {
      for (const key of Object.keys(message)) if (key !== 'id') covered.add(`command ${key}`);
    }
    for (const { error, push } of exchange.gets ?? []) {
      covered.add(`error ${codeOf(error)}`);
      for (const [kind, body] of Object.entries(push ?? {})) {
        covered.add(`push ${kind}`);
        covered.add(`${kind} ${codeOf(body)}`);
      }
    }
  }
  return covered;
}

function messagesOf(sends: unknown): readonly Message[] {
  if (Array.isArray(sends)) return sends;
  return typeof sends === 'object' && sends !== null && !Buffer.isBuffer(sends) ? [sends as Message] : [];
}

function codeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'code' in value ? value.code : undefined;
}
