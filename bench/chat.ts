import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';
import { startHoldfast } from '../local/kit';
import { type Target, tokenFor } from '../test/support/target';
import { type HopTimes, readHops, WAYS, waysOf } from './chat-hops';
import { median, quantile, table } from './statistics';

const SECONDS = 8;
const WARM_UP_SECONDS = 3;

/** One message on its way, by epoch milliseconds of this machine. */
export interface Sample {
  readonly speaker: string;
  readonly listener: string;
  readonly calledAt: number;
  readonly repliedAt: number;
  readonly heardAt: number;
}

/** `chat.send` on the local runtime: its round trip, how long until the other member has the message, and where the time goes. */
export async function benchChat(): Promise<void> {
  const holdfast = await startHoldfast({ hops: true });
  const measured: { readonly rooms: number; readonly samples: readonly Sample[] }[] = [];
  let hops: HopTimes;
  try {
    for (const rooms of [1, 10]) {
      const pairs = await Promise.all(Array.from({ length: rooms }, (_, n) => Pair.make(holdfast, rooms, n)));
      await Promise.all(pairs.map((pair) => pair.talk(WARM_UP_SECONDS)));
      const samples = (await Promise.all(pairs.map((pair) => pair.talk(SECONDS)))).flat();
      for (const pair of pairs) pair.close();
      measured.push({ rooms, samples });
    }
    hops = readHops(readFileSync(join(holdfast.directory, 'hops.jsonl'), 'utf8'));
  } finally {
    await holdfast.stop();
  }
  const rows = [['hop', 'rooms', 'p50 ms', 'p99 ms', 'messages']];
  for (const { rooms, samples } of measured) {
    const ways = samples.flatMap((sample) => waysOf(sample, hops) ?? []);
    for (const [name, way] of WAYS) {
      const times = ways.map((times) => times[way]);
      const figures = [median(times).toFixed(1), quantile(times, 0.99).toFixed(1)];
      rows.push([name, String(rooms), ...figures, String(times.length)]);
    }
    rows.push(['messages a second', String(rooms), (samples.length / SECONDS).toFixed(0), '', '']);
  }
  process.stdout.write(
    `chat on the local runtime, ${SECONDS} s each, node ${process.version}\n${table(rows)}\n`,
  );
}

const now = () => performance.timeOrigin + performance.now();

/** A room of two: one speaks, the other listens. */
class Pair {
  readonly #speaker: Member;
  readonly #listener: Member;
  readonly #room: string;
  #heard: (clientId: string) => void = () => undefined;

  private constructor(speaker: Member, listener: Member, room: string) {
    this.#speaker = speaker;
    this.#listener = listener;
    this.#room = room;
  }

  static async make(target: Target, rooms: number, n: number): Promise<Pair> {
    const speaker = await member(target, `speaker-${rooms}-${n}`);
    const listener = await member(target, `listener-${rooms}-${n}`);
    const { room } = (await speaker.client.rpc('chat.createRoom', { name: 'Bench' })).data;
    await listener.client.rpc('chat.join', { room });
    const pair = new Pair(speaker, listener, room);
    const subscription = listener.client.newSubscription(`chat:${room}`);
    subscription.on('publication', ({ data }) => pair.#heard(data.clientId));
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
    const heard = new Promise<number>((resolve) => {
      this.#heard = (id) => {
        if (id === clientId) resolve(now());
      };
    });
    const calledAt = now();
    await this.#speaker.client.rpc('chat.send', { room: this.#room, text: 'x'.repeat(64), clientId });
    const repliedAt = now();
    const heardAt = await heard;
    const { connection: speaker } = this.#speaker;
    return { speaker, listener: this.#listener.connection, calledAt, repliedAt, heardAt };
  }

  close(): void {
    for (const { client } of [this.#speaker, this.#listener]) client.disconnect();
  }
}

interface Member {
  readonly client: Centrifuge;
  /** Id of its connection. */
  readonly connection: string;
}

async function member(target: Target, user: string): Promise<Member> {
  const token = await tokenFor(target, user);
  const client = new Centrifuge(target.websocketUrl, { token, websocket: WebSocket });
  const connected = new Promise<string>((resolve) =>
    client.once('connected', ({ client: id }) => resolve(id)),
  );
  client.connect();
  return { client, connection: await connected };
}
