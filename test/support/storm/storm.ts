import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Centrifuge } from 'centrifuge';
import { SignJWT } from 'jose';
import type { Delivery } from '../../../lambdas/contract/delivery';
import type { Log } from '../../../lambdas/gateway/core/ports';
import { seededRandom } from '../../../local/faults/random';
import { TOKEN_SECRET, testScripts, unique } from '../../redis/gateway-world';
import { eventually } from '../clients';
import { inParallel } from '../publishing';
import { testRedis } from '../redis';
import { Sightings } from '../sightings';
import { ConnectionsServer } from './connections-server';
import { CourierPool, CREDENTIALS } from './courier-pool';
import { stormParts } from './courier-process';
import { StormGateway } from './storm-gateway';
import { StormQueues } from './storm-queues';

const SUBSCRIBES_AT_ONCE = 50;

/** A publication that is drained at once has posts out by then. */
const KILL_WITHIN_MS = 300;

export interface StormOptions {
  readonly seed: number;
  readonly postsPerSecond: number;
  /** Batches of each queue at a time. */
  readonly couriers: number;
  /** Of the queues: from it on, a batch whose courier was killed is another one's. */
  readonly visibilitySeconds: number;
  /** Share of connections that are young: one whose `$disconnect` was lost is believed gone after 30 s. */
  readonly youngShare: number;
}

/**
 * Unchanged SDK clients, the core on a real Redis, couriers in processes that post over HTTP, and posts that fail. What is
 * not real: there is no network between clients and gateway, and ingress runs in this process.
 */
export class Storm {
  readonly random: () => number;
  readonly queues: StormQueues;
  readonly gateway: StormGateway;
  readonly couriers: CourierPool;
  readonly server: ConnectionsServer;
  readonly clients: Centrifuge[] = [];
  readonly seen: Sightings[] = [];
  readonly #scripts: ReturnType<typeof testScripts>;

  private constructor(
    parts: Pick<Storm, 'random' | 'queues' | 'gateway' | 'couriers' | 'server'>,
    scripts: ReturnType<typeof testScripts>,
  ) {
    this.random = parts.random;
    this.queues = parts.queues;
    this.gateway = parts.gateway;
    this.couriers = parts.couriers;
    this.server = parts.server;
    this.#scripts = scripts;
  }

  static async begin(options: StormOptions): Promise<Storm> {
    const { youngShare } = options;
    const random = seededRandom(options.seed);
    const queues = new StormQueues(options.visibilitySeconds);
    const scripts = testScripts();
    const budget = { postsPerSecond: options.postsPerSecond, key: `hf1:{budget:storm${process.pid}}` };
    const log: Log = () => undefined;
    const parts = stormParts(scripts, queues.wakes, budget, log);
    const gateway = new StormGateway({ scripts, parts, tokenSecret: TOKEN_SECRET, random, youngShare });
    const server = await ConnectionsServer.listen(gateway, random);
    const { callbackUrl } = server;
    // Posters sign with what is in the environment of their function.
    Object.assign(process.env, CREDENTIALS);
    gateway.serve(callbackUrl, (delivery) => queues.send(delivery));
    const { caFile, ...redis } = testRedis();
    const ca = readFileSync(caFile, 'utf8');
    const couriers = new CourierPool({ redis: { ...redis, ca }, callbackUrl, budget }, queues.wakes);
    queues.poll(couriers, options.couriers);
    return new Storm({ random, queues, gateway, couriers, server }, scripts);
  }

  /** SDK clients that are subscribed to the channel. */
  async subscribe(channel: string, count: number): Promise<void> {
    await inParallel(count, SUBSCRIBES_AT_ONCE, async (n) => {
      const user = userOf(n);
      const token = await new SignJWT({ sub: user, exp: Math.floor(Date.now() / 1000) + 3_600 })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(TOKEN_SECRET);
      const client = new Centrifuge('ws://gateway', { token, websocket: this.gateway.websocket });
      this.clients[n] = client;
      client.connect();
      this.seen[n] = await Sightings.of(client, channel);
    });
  }

  publish(channel: string, data: Delivery['data']): Promise<void> {
    return this.queues.send({
      v: 1,
      type: 'publication',
      channel,
      data,
      idempotencyKey: unique('k'),
      source: 'storm',
      publishedAt: Date.now(),
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    });
  }

  /** Kills a courier that has had its batch for no longer than that, while posts are out. False where that did not happen soon. */
  async killCourier(withinMs: number): Promise<boolean> {
    const until = Date.now() + KILL_WITHIN_MS;
    while (Date.now() < until) {
      if (this.server.inFlight > 0 && this.couriers.kill(this.random, withinMs)) return true;
      await sleep(1);
    }
    return false;
  }

  /** Whether nothing is on its way any more, to nobody. */
  get isQuiet(): boolean {
    return this.queues.messages === 0 && this.gateway.running === 0;
  }

  async end(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    // What ends with the clients still asks Redis.
    await eventually('the end of all invocations', () => this.gateway.running === 0);
    await this.queues.close();
    await this.couriers.close();
    await this.server.close();
    await this.#scripts.disconnect();
  }
}

/** The user of a client, by its number. */
export function userOf(n: number): string {
  return `storm-${process.pid}-${n}`;
}
