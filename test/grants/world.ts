import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCloud } from '../../local/cloud';
import { findPortBlock } from '../../local/command/port-block';
import type { Denial } from '../../local/iam/access-control';
import { findRedis } from '../../local/redis/find';
import { createStacks } from '../../local/stacks';
import { signToken } from '../../local/token';
import { RawSocket } from '../support/clients';
import { TIME_SCALE } from './configuration';

const ROOT = join(__dirname, '..', '..');

/** A running stack, and what happened in it. */
export interface World {
  readonly cloud: LocalCloud;
  readonly websocketUrl: string;
  /** Ends in `/api`. */
  readonly serverApiUrl: string;
  readonly denials: readonly Denial[];
  /** What functions printed, as `function: line`. */
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
  token(user: string, more?: { ttlSeconds?: number; channels?: readonly string[] }): Promise<string>;
  /** A name that nothing else here has. */
  fresh(name: string): string;
  /** A WebSocket that ends with the world; `query` as it stands in the URL. */
  socket(query?: string): Promise<RawSocket>;
  /** A WebSocket of a user, connected by the handshake. */
  connected(user: string, more?: { ttlSeconds?: number; channels?: readonly string[] }): Promise<RawSocket>;
  close(): Promise<void>;
}

/** A stack that did not start; `denials` tells of what was refused until then. */
export class StartFailedError extends Error {
  override readonly name = 'StartFailedError';
  readonly denials: readonly Denial[];

  constructor(cause: unknown, denials: readonly Denial[]) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.denials = denials;
  }
}

/** Runs an assembly in this process. @throws StartFailedError */
export async function startWorld(assembly: string, basePort: number): Promise<World> {
  const denials: Denial[] = [];
  const lines: string[] = [];
  const warnings: string[] = [];
  const sockets: RawSocket[] = [];
  const redisDirectory = mkdtempSync(join(tmpdir(), 'grants-redis-'));
  const ports = await findPortBlock(basePort);
  const cloud = new LocalCloud({
    region: 'us-east-1',
    ports,
    log: {
      output: (name, line) => lines.push(`${name}: ${line}`),
      warn: (source, message) => warnings.push(`${source}: ${message}`),
    },
    redisBinary: findRedis({ say: () => undefined, projectDir: ROOT }),
    redisDirectory,
    timeScale: TIME_SCALE,
    onDenied: (denial) => denials.push(denial),
  });
  const close = async () => {
    for (const socket of sockets) socket.terminate();
    await cloud.close();
    rmSync(redisDirectory, { recursive: true, force: true });
  };
  let outputs: ReadonlyMap<string, string>;
  try {
    await cloud.listen();
    ({ outputs } = await createStacks([assembly], cloud));
    await cloud.begin();
    // Cold starts at the same time would take longer than clients wait.
    await Promise.all(cloud.lambda.registry.list().map(({ name }) => cloud.lambda.warm(name)));
  } catch (error) {
    await close();
    throw new StartFailedError(error, denials);
  }
  let count = 0;
  const websocketUrl = outputs.get('local-holdfast-gateway.wssUrl') ?? '';
  const token: World['token'] = (user, more = {}) =>
    signToken({ secret: cloud.secrets.value('/holdfast/local/jwt-secret'), user, ...more });
  const socket: World['socket'] = async (query = '') => {
    const opened = await RawSocket.open(`${websocketUrl}${query}`, {});
    sockets.push(opened);
    return opened;
  };
  return {
    cloud,
    websocketUrl,
    serverApiUrl: outputs.get('local-holdfast-gateway.serverApiUrl') ?? '',
    denials,
    lines,
    warnings,
    token,
    fresh: (name) => `${name}-${++count}`,
    socket,
    connected: async (user, more) => socket(`?token=${await token(user, more)}`),
    close,
  };
}
