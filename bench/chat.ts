import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';
import startStack from '../test/support/start-stack';
import stopStack from '../test/support/stop-stack';
import { readTarget, type Target, tokenFor } from '../test/support/target';
import { median, quantile, table } from './statistics';

const SECONDS = 8;
const WARM_UP_SECONDS = 3;

/** One message on its way; all clocks are this machine's. Milliseconds. */
interface Sample {
  /** Call to the moment at which the service stores it: gateway, bus, function, what it reads first. */
  readonly toStore: number;
  /** From there to the reply: store, queue, courier's append, post. */
  readonly storeToReply: number;
  /** From there to the other member: store, queue, append, drain, post. */
  readonly storeToMember: number;
  readonly roundTrip: number;
  readonly delivery: number;
}

const HOPS: readonly (readonly [string, keyof Sample])[] = [
  ['call to store (gateway, bus, function, reads)', 'toStore'],
  ['store to reply (write, queue, append, post)', 'storeToReply'],
  ['chat.send, round trip', 'roundTrip'],
  ['store to member (write, queue, append, drain, post)', 'storeToMember'],
  ['chat.send to the other member', 'delivery'],
];

/** `chat.send` on the local runtime: its round trip, and how long until the other member of the room has the message. */
export async function benchChat(): Promise<void> {
  await startStack();
  try {
    const rows = [['hop', 'rooms', 'p50 ms', 'p99 ms']];
    for (const rooms of [1, 10]) {
      const pairs = await Promise.all(
        Array.from({ length: rooms }, (_, n) => Pair.make(readTarget(), rooms, n)),
      );
      await Promise.all(pairs.map((pair) => pair.talk(WARM_UP_SECONDS)));
      const samples = (await Promise.all(pairs.map((pair) => pair.talk(SECONDS)))).flat();
      for (const [name, hop] of HOPS) {
        const times = samples.map((sample) => sample[hop]);
        rows.push([name, String(rooms), median(times).toFixed(1), quantile(times, 0.99).toFixed(1)]);
      }
      rows.push(['messages per second', String(rooms), (samples.length / SECONDS).toFixed(0), '']);
      for (const pair of pairs) pair.close();
    }
    process.stdout.write(
      `chat on the local runtime, ${SECONDS} s each, node ${process.version}\n${table(rows)}\n`,
    );
  } finally {
    await stopStack();
  }
}

/** A room of two: one speaks, the other listens. */
class Pair {
  readonly #speaker: Centrifuge;
  readonly #listener: Centrifuge;
  readonly #room: string;
  #heard: (message: { readonly clientId: string; readonly at: number }) => void = () => undefined;

  private constructor(speaker: Centrifuge, listener: Centrifuge, room: string) {
    this.#speaker = speaker;
    this.#listener = listener;
    this.#room = room;
  }

  static async make(target: Target, rooms: number, n: number): Promise<Pair> {
    const [speaker, listener] = await Promise.all(
      ['speaker', 'listener'].map(async (role) => {
        const token = await tokenFor(target, `${role}-${rooms}-${n}`);
        const client = new Centrifuge(target.websocketUrl, { token, websocket: WebSocket });
        client.connect();
        await client.ready(10_000);
        return client;
      }),
    );
    if (!speaker || !listener) throw new Error('expected two clients');
    const { room } = (await speaker.rpc('chat.createRoom', { name: 'Bench' })).data;
    await listener.rpc('chat.join', { room });
    const pair = new Pair(speaker, listener, room);
    const subscription = listener.newSubscription(`chat:${room}`);
    subscription.on('publication', ({ data }) => pair.#heard(data));
    subscription.subscribe();
    await subscription.ready(10_000);
    return pair;
  }

  /** Sends, waits for reply and delivery, sends again. The rate rule allows ten a second, so it rests up to there. */
  async talk(seconds: number): Promise<Sample[]> {
    const samples: Sample[] = [];
    const until = Date.now() + seconds * 1000;
    for (let n = 0; Date.now() < until; n += 1) {
      const begun = Date.now();
      samples.push(await this.#say(`${begun}-${n}`));
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 105 - (Date.now() - begun))));
    }
    return samples;
  }

  async #say(clientId: string): Promise<Sample> {
    const start = performance.timeOrigin + performance.now();
    const now = () => performance.timeOrigin + performance.now() - start;
    const heard = new Promise<{ readonly stored: number; readonly delivery: number }>((resolve) => {
      this.#heard = (message) => {
        if (message.clientId === clientId) resolve({ stored: message.at - start, delivery: now() });
      };
    });
    await this.#speaker.rpc('chat.send', { room: this.#room, text: 'x'.repeat(64), clientId });
    const roundTrip = now();
    const { stored, delivery } = await heard;
    return {
      toStore: stored,
      storeToReply: roundTrip - stored,
      storeToMember: delivery - stored,
      roundTrip,
      delivery,
    };
  }

  close(): void {
    for (const client of [this.#speaker, this.#listener]) client.disconnect();
  }
}
