import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { SignedPoster } from '../lambdas/gateway/core/adapters/aws/signed-poster';
import { median } from './statistics';

const ROUNDS = 25;
const WARM_UP_ROUNDS = 10;
const POSTS = 1_000;
const AT_ONCE = 64;

const CONNECTIONS = Array.from({ length: 500 }, () => randomBytes(11).toString('base64'));
const FRAME = 'x'.repeat(1_024);

type Post = (connection: string) => Promise<unknown>;

/** Microseconds of CPU per post, and posts per second of wall time. */
export interface PostCost {
  readonly name: string;
  readonly micros: number;
  readonly perSecond: number;
}

/** A POST as one writes it with Node alone: unsigned, its answer read to the end. */
function bare(url: URL, agent: http.Agent): Post {
  const { request } = url.protocol === 'https:' ? https : http;
  const target = { agent, host: url.hostname, port: url.port, method: 'POST' };
  return (connection) =>
    new Promise((resolve, reject) => {
      const path = `${url.pathname}/@connections/${encodeURIComponent(connection)}`;
      const outgoing = request(
        { ...target, path, headers: { 'content-length': FRAME.length } },
        (incoming) => {
          incoming.resume().on('end', resolve);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(FRAME);
    });
}

function agentOfNode({ protocol }: URL): http.Agent {
  const options = { keepAlive: true, maxSockets: AT_ONCE };
  return protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
}

function signed(url: URL): Post {
  const poster = new SignedPoster({ callbackUrl: url.href, log: () => undefined });
  return async (connection) => {
    const outcome = await poster.post(connection, FRAME);
    if (outcome !== 'ok') throw new Error(`post: expected ok, got ${outcome}`);
  };
}

/** The client's defaults allow 50 sockets. */
function sdk(url: URL): Post {
  const client = new ApiGatewayManagementApiClient({ endpoint: url.href });
  return (connection) => client.send(new PostToConnectionCommand({ ConnectionId: connection, Data: FRAME }));
}

async function postMany(post: Post, count: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await post(CONNECTIONS[next++ % CONNECTIONS.length] ?? '');
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/**
 * Handshakes come before the measurement: sockets of ours that were idle while the others had their rounds are not used again.
 * Where the machine is too busy for one, the next post makes it.
 */
async function round(post: Post): Promise<{ micros: number; perSecond: number }> {
  await postMany((connection) => post(connection).catch(() => undefined), 4 * AT_ONCE);
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  await postMany(post, POSTS);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  return { micros: (user + system) / POSTS, perSecond: POSTS / seconds };
}

/** Round by round over all ways to post, so that a slow moment of the machine hits each alike. */
async function measure(url: URL): Promise<readonly PostCost[]> {
  const ways: Readonly<Record<string, Post>> = {
    'bare POST by Node': bare(url, agentOfNode(url)),
    SignedPoster: signed(url),
    'SDK client': sdk(url),
  };
  const rounds = new Map(Object.keys(ways).map((name) => [name, [] as Awaited<ReturnType<typeof round>>[]]));
  for (let count = 0; count < WARM_UP_ROUNDS + ROUNDS; count++) {
    for (const [name, post] of Object.entries(ways)) {
      const cost = await round(post);
      if (count >= WARM_UP_ROUNDS) rounds.get(name)?.push(cost);
    }
  }
  return [...rounds].map(([name, costs]) => ({
    name,
    micros: median(costs.map(({ micros }) => micros)),
    perSecond: median(costs.map(({ perSecond }) => perSecond)),
  }));
}

measure(new URL(process.argv[2] ?? '')).then(
  (costs) => process.send?.(costs, () => process.exit(0)),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
