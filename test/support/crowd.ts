import { setTimeout as sleep } from 'node:timers/promises';
import type { Centrifuge } from 'centrifuge';
import { type Clients, eventually } from './clients';
import { faultsOf, Sightings } from './sightings';

/** Members of a channel; each publishes to it. */
const MEMBERS = 5;

interface Said {
  readonly by: number;
  readonly n: number;
  /** Milliseconds, `performance.now()` of the publisher. */
  readonly at: number;
}

interface Member {
  readonly client: Centrifuge;
  readonly channel: string;
  readonly seen: Sightings;
}

/** SDK clients that publish to each other, and do nothing that they should not. */
export class Crowd {
  /** What they met that nobody should: ends of their connections, publishes that were refused. */
  readonly interruptions: string[] = [];
  /** From the call of `publish` until the application of a member has the publication, in ms. */
  latencies: number[] = [];
  readonly #members: Member[] = [];
  readonly #said = new Map<string, number>();

  static async of(clients: Clients, count: number, name: string): Promise<Crowd> {
    const crowd = new Crowd();
    for (let n = 0; n < count; n++) {
      const channel = `room:${name}-${Math.floor(n / MEMBERS)}`;
      const client = await clients.connected(`${name}-${n}`);
      client.on('connecting', ({ reason }) => crowd.interruptions.push(`${n}: ${reason}`));
      client.on('disconnected', ({ reason }) => crowd.interruptions.push(`${n}: ${reason}`));
      const seen = await Sightings.of(client, channel);
      client.getSubscription(channel)?.on('publication', ({ data }) => {
        crowd.latencies.push(performance.now() - (data as Said).at);
      });
      crowd.#members.push({ client, channel, seen });
    }
    return crowd;
  }

  /** Each publishes as often for that long, at its own moment; resolves once every member has every publication. */
  async talk(milliseconds: number, everyMs: number): Promise<void> {
    const until = Date.now() + milliseconds;
    await Promise.all(
      this.#members.map(async ({ client, channel }, by) => {
        await sleep((by * everyMs) / this.#members.length);
        for (let n = 0; Date.now() < until; n++) {
          const next = Date.now() + everyMs;
          try {
            await client.publish(channel, { by, n, at: performance.now() } satisfies Said);
            this.#said.set(channel, (this.#said.get(channel) ?? 0) + 1);
          } catch (error) {
            this.interruptions.push(`${by}: publish refused, ${JSON.stringify(error)}`);
          }
          await sleep(Math.max(0, next - Date.now()));
        }
      }),
    );
    await eventually(
      'every publication at each member',
      () => this.#members.every(({ channel, seen }) => seen.data.length >= (this.#said.get(channel) ?? 0)),
      20_000,
    );
  }

  /** What breaks the promise to a member; empty where each has everything that was published, in order, once. */
  faults(): string[] {
    return this.#members.flatMap(({ channel, seen }, n) => [
      ...faultsOf(seen.all).map((fault) => `${n}: ${fault}`),
      ...(seen.data.length === this.#said.get(channel)
        ? []
        : [`${n}: expected ${this.#said.get(channel)} publications, got ${seen.data.length}`]),
    ]);
  }
}
