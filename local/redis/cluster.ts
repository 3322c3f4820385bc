import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import { loopbackCertificate } from './certificate';
import { clusterNodes, OPERATOR, serverConfiguration } from './configuration';
import type { RedisBinary } from './server-binary';
import { type ServerProcess, spawnServer } from './server-process';

export interface StartOptions {
  /** From `findRedis`. */
  readonly binary: RedisBinary;
  /** A folder for this server alone; made if missing. Holds its configuration, certificates and log. */
  readonly dir: string;
  /** The functions' user, as the template's `AWS::ElastiCache::User` has it. */
  readonly user: string;
  readonly password: string;
  readonly accessString: string;
  /** @default 256 */
  readonly maxMemoryMb?: number;
  /** TLS port. @default a free one */
  readonly port?: number;
}

export interface RunningRedis {
  /** `localhost`, which the certificate covers and the cluster announces. */
  readonly host: string;
  /** For functions: TLS, the restricted user. */
  readonly tlsPort: number;
  /** For the developer's tools: no TLS. */
  readonly plainPort: number;
  /** PEM file of the authority to trust, as `NODE_EXTRA_CA_CERTS` takes it. */
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
  /** `redis://operator:<password>@127.0.0.1:<plain port>`, a user with all rights. */
  readonly operatorUrl: string;
  /** Of the process that was started last. */
  readonly pid: number;
  readonly version: string;
  /** Resolves when the process that was started last has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
  /** Ends the server within 2 s; may be called again. */
  stop(): Promise<void>;
  /** Starts a stopped server again, empty, at the same ports. Rejects where it does not come up. */
  start(): Promise<void>;
}

/** The server did not come up; the message carries the end of its log. */
export class RedisStartError extends Error {
  override readonly name = 'RedisStartError';
}

const START_TIMEOUT_MS = 10_000;
const PORT_ATTEMPTS = 5;
const ADDRESS_IN_USE = /Address already in use|Failed listening on port/i;

/**
 * Starts one server that behaves as ElastiCache Serverless does for its clients: cluster mode with every slot on this
 * node (a command over two slots fails with CROSSSLOT), TLS, the default user off, a restricted user, keys with a TTL
 * evicted first, nothing on disk. It ends with this process, however that ends.
 */
export async function startRedis(options: StartOptions): Promise<RunningRedis> {
  await mkdir(options.dir, { recursive: true });
  const operatorPassword = randomBytes(24).toString('hex');
  const certificate = await loopbackCertificate();
  const caFile = join(options.dir, 'ca.pem');
  await writeFile(caFile, certificate.authority);
  await writeFile(join(options.dir, 'server.pem'), certificate.certificate);
  await writeFile(join(options.dir, 'server.key'), certificate.privateKey, { mode: 0o600 });

  for (let attempt = 1; ; attempt++) {
    const [plainPort, busPort, freePort] = await freePorts(3);
    const ports = { tls: options.port ?? freePort, plain: plainPort, bus: busPort };
    const node = clusterNodes(ports);
    await writeFile(join(options.dir, 'nodes.conf'), node.file);
    const configuration = join(options.dir, 'redis.conf');
    await writeFile(configuration, serverConfiguration({ ...options, ports, operatorPassword }), {
      mode: 0o600,
    });
    const spawn = () => spawnServer(options.binary, configuration, join(options.dir, 'redis.log'));
    let server = spawn();
    try {
      await Promise.race([ready(server, ports.plain, operatorPassword, node.formerId), failure(server)]);
    } catch (error) {
      await server.stop();
      const log = await logTail(options.dir);
      if (ADDRESS_IN_USE.test(log) && options.port === undefined && attempt < PORT_ATTEMPTS) continue;
      throw new RedisStartError(`${options.binary.path} did not start: ${String(error)}\n${log}`, {
        cause: error,
      });
    }
    return {
      host: 'localhost',
      tlsPort: ports.tls,
      plainPort: ports.plain,
      caFile,
      user: options.user,
      password: options.password,
      operatorUrl: `redis://${OPERATOR}:${operatorPassword}@127.0.0.1:${ports.plain}`,
      get pid() {
        return server.pid;
      },
      version: options.binary.version,
      get ended() {
        return server.ended;
      },
      stop: () => server.stop(),
      start: async () => {
        await server.stop();
        const again = clusterNodes(ports);
        await writeFile(join(options.dir, 'nodes.conf'), again.file);
        server = spawn();
        await Promise.race([ready(server, ports.plain, operatorPassword, again.formerId), failure(server)]);
      },
    };
  }
}

/** Takes the slots over (see `clusterNodes`) and waits until the cluster serves them. */
async function ready(
  server: ServerProcess,
  plainPort: number,
  operatorPassword: string,
  formerId: string,
): Promise<void> {
  const operator = new Redis({
    host: '127.0.0.1',
    port: plainPort,
    username: OPERATOR,
    password: operatorPassword,
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: START_TIMEOUT_MS / 10,
    retryStrategy: () => 10,
    // Otherwise a client that is disconnected twice keeps the process for two seconds.
    disconnectTimeout: 100,
  });
  // Refused connections until it listens; a real failure ends the process or the wait.
  operator.on('error', () => undefined);
  void server.ended.then(() => operator.disconnect());
  try {
    const deadline = performance.now() + START_TIMEOUT_MS;
    await waitFor(deadline, async () => (await operator.call('PING')) === 'PONG');
    await operator.call('CLUSTER', 'FAILOVER', 'TAKEOVER');
    await operator.call('CLUSTER', 'FORGET', formerId);
    await waitFor(deadline, async () => {
      const info = String(await operator.call('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:1');
    });
  } finally {
    operator.disconnect();
  }
}

async function failure(server: ServerProcess): Promise<never> {
  await server.ended;
  throw new Error('it ended by itself');
}

async function waitFor(deadline: number, condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`expected it to be ready within ${START_TIMEOUT_MS} ms`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

/** Ports that are free now, found all at once so that they differ. Another process may still be faster. */
async function freePorts(count: 3): Promise<[number, number, number]>;
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((listening, failed) => {
        server.once('error', failed);
        server.listen(0, '127.0.0.1', listening);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

async function logTail(dir: string): Promise<string> {
  const log = await readFile(join(dir, 'redis.log'), 'utf8').catch(() => '');
  return log.trim().split('\n').slice(-8).join('\n');
}
