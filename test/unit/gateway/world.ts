import type { Delivery } from '../../../lambdas/contract/delivery';
import type { UnsignedEnvelope } from '../../../lambdas/contract/envelope';
import { DEFAULT_RULES, type NamespaceRules } from '../../../lambdas/contract/registry';
import { storesOn, withDepartures } from '../../../lambdas/gateway/core/adapters/state';
import { Ingress } from '../../../lambdas/gateway/core/commands/ingress';
import type { NoteLimit } from '../../../lambdas/gateway/core/limits/limit-notes';
import type { Namespace, PostOutcome, Wake } from '../../../lambdas/gateway/core/ports';
import type { RedisScript } from '../../../lambdas/gateway/core/redis-script';
import { secretTokens } from '../../support/secret-tokens';
import { UNLIMITED } from '../../support/unlimited';

const ROOM: NamespaceRules = {
  ...DEFAULT_RULES,
  subscribe: 'anyone',
  publish: 'direct',
  historySize: 10,
  historyTtlSeconds: 60,
  recover: true,
  presence: false,
  flushEverySeconds: 0,
};

export const SECRET = new TextEncoder().encode('a secret of the tests, thirty-two bytes long');

/** By the global timers, which tests may have in their hands. */
function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new Error('aborted'));
    });
  });
}

type Dependency = 'bus' | 'deliveries' | 'registry' | 'secret' | 'wakes';
type State = 'pending' | 'connected' | 'closed' | '';

/** The core of ingress on scripts that answer as told: what they do on Redis is tested on Redis. */
export function ingressWorld(
  state: State = 'connected',
  {
    userChannel = false,
    anonymous = false,
    sendService,
    noteLimit = UNLIMITED.noteLimit,
  }: {
    readonly userChannel?: boolean;
    readonly anonymous?: boolean;
    readonly sendService?: string;
    readonly noteLimit?: NoteLimit;
  } = {},
) {
  const answers = new Map<string, unknown>([
    [
      'hf1enter',
      [
        state,
        state === 'connected' ? 'alice' : '',
        '',
        '',
        '0',
        '',
        '',
        state === 'pending' ? 'run' : 'plain',
      ],
    ],
    ['hf1next', ['released']],
    ['hf1connect', 'connected'],
    ['hf1enteruser', 'entered'],
    ['hf1hold', 'held'],
    ['hf1place', ['0', 'e', '0', '', '0']],
    ['hf1join', 'joined'],
    ['hf1settle', 'settled'],
    ['hf1activate', 'active'],
    ['hf1leavechannel', []],
    ['hf1leave', 'removed'],
    ['hf1witness', ['noted']],
    ['hf1vacate', 1],
    ['hf1drop', 'dropped'],
    ['hf1nextseq', 1],
    ['hf1close', []],
  ]);
  const ran: string[] = [];
  const calls: { script: string; keys: readonly string[]; args: readonly (string | number)[] }[] = [];
  const frames: string[] = [];
  const closed: string[] = [];
  const namespaces = new Map<string, Partial<Namespace>>();
  const lines: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const deliveries: Delivery[] = [];
  const envelopes: UnsignedEnvelope[] = [];
  const wakes: Wake[] = [];
  const outcomes: PostOutcome[] = [];
  const counted = { posts: 0 };
  const steps: string[] = [];
  /** Each fails one wake. */
  const wakeFailures: Error[] = [];
  const scripts = {
    run: async (script: RedisScript, keys: readonly string[], args: readonly (string | number)[]) => {
      calls.push({ script: script.name, keys, args });
      ran.push(script.name);
      steps.push(script.name);
      const answer = answers.get(script.name);
      if (answer instanceof Error) throw answer;
      return typeof answer === 'function' ? (answer as () => unknown)() : answer;
    },
  };
  const log = (_: string, message: string, fields: Readonly<Record<string, unknown>> = {}) => {
    lines.push({ message, fields });
  };
  const failures = new Map<Dependency, Error>();
  const check = (what: Dependency) => {
    const failure = failures.get(what);
    if (failure) throw failure;
  };
  const clock = { now: () => Date.now(), sleep };
  const wakeQueue = {
    send: async (wake: Wake) => {
      wakes.push(wake);
      const failure = wakeFailures.shift();
      if (failure) throw failure;
      check('wakes');
    },
  };
  const ingress = new Ingress({
    ...withDepartures(storesOn(scripts), { wakes: wakeQueue, clock, log }),
    poster: {
      post: async (_, frame) => {
        steps.push('post');
        const outcome = outcomes.shift() ?? 'ok';
        if (outcome === 'ok') frames.push(frame);
        return outcome;
      },
      close: async (connection) => {
        closed.push(connection);
        return 'ok';
      },
    },
    registry: {
      namespace: async (name) => {
        check('registry');
        const own = namespaces.get(name);
        if (own) return { ...ROOM, ...own };
        if (name === 'user') return { ...ROOM, subscribe: 'user-limited' };
        if (name === 'quiet') return { ...ROOM, publish: 'off', recover: false };
        return name === 'room' ? ROOM : undefined;
      },
      serviceOf: async (method) => {
        check('registry');
        return method === 'echo.say' ? 'echo' : undefined;
      },
      queueOf: async () => undefined,
      refresh: async () => undefined,
    },
    bus: {
      put: async (envelope) => {
        check('bus');
        envelopes.push(envelope);
      },
    },
    deliveries: {
      send: async (delivery) => {
        check('deliveries');
        deliveries.push(delivery);
      },
    },
    wakes: wakeQueue,
    tokens: secretTokens(
      async () => {
        check('secret');
        return SECRET;
      },
      { anonymous },
    ),
    checkup: { run: async () => undefined },
    userChannel,
    sendService,
    ...UNLIMITED,
    postCount: { add: () => void counted.posts++ },
    noteLimit,
    rpcTimeoutMs: 10_000,
    clock,
    log,
  });
  return {
    ingress,
    answers,
    ran,
    steps,
    frames,
    closed,
    lines,
    deliveries,
    envelopes,
    wakes,
    wakeFailures,
    outcomes,
    counted,
    failures,
    namespaces,
    calls,
    /** Serves commands as one frame and answers all messages that were posted. */
    async serve(...commands: unknown[]): Promise<unknown[]> {
      await ingress.handle('conn=', commands.map((item) => JSON.stringify(item)).join('\n'));
      return frames.flatMap((frame) => frame.split('\n').map((line) => JSON.parse(line) as unknown));
    },
  };
}
