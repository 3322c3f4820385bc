import { Centrifuge, type SubscribedContext, type Subscription } from 'centrifuge';
import { rounds } from '../support/counts';
import { ClientModel } from './client-model';
import {
  type Happening,
  publicationLine,
  ScriptedGateway,
  subscribedLine,
  WritingApplication,
} from './scripted-gateway';

const OWN = ['room:a', 'room:b'];
const SERVER_SIDE = 'room:s';
const RUN_MS = 60_000;

/** What a client was told, drew and said, and what its application saw. */
interface Recording {
  readonly happenings: readonly Happening[];
  readonly draws: readonly number[];
  readonly sent: readonly (readonly string[])[];
  readonly lines: readonly string[];
}

async function record(seed: number): Promise<Recording> {
  const serverSide = seed % 3 === 0 ? [SERVER_SIDE] : [];
  const gateway = new ScriptedGateway(seed, serverSide);
  const { schedule } = gateway;
  const application = new WritingApplication();
  const draws: number[] = [];
  const random = () => {
    const draw = schedule.random();
    draws.push(draw);
    return draw;
  };
  const model = new ClientModel({
    name: 'c',
    wire: gateway,
    application,
    token: undefined,
    serverSide,
    random,
    splits: () => false,
  });
  const channels = [...OWN, ...serverSide];
  for (let index = 0; index < 60; index++) {
    gateway.after(schedule.between(0, RUN_MS - 15_000), 'act', () => gateway.act(schedule.pick(channels)));
  }
  for (let index = 0; index < 24; index++) {
    gateway.after(schedule.between(0, RUN_MS - 15_000), 'call', () => {
      const channel = schedule.pick(OWN);
      const kind = schedule.pick(['subscribe', 'subscribe', 'unsubscribe', 'subscribe anew'] as const);
      gateway.note({ kind, channel });
      if (kind !== 'subscribe') model.unsubscribe(channel);
      if (kind !== 'unsubscribe') model.subscribe(channel, kind === 'subscribe anew');
    });
  }
  gateway.after(3, 'connect', () => {
    gateway.note({ kind: 'connect' });
    model.connect();
  });
  await schedule.runUntil(RUN_MS);
  return { happenings: gateway.happenings, draws, sent: gateway.sent, lines: application.lines };
}

/** A socket that opens, hears and closes by hand. */
class ManualSocket {
  static all: ManualSocket[] = [];
  readonly sent: string[] = [];
  onopen: () => void = () => undefined;
  onmessage: (event: { readonly data: string }) => void = () => undefined;
  onclose: (event: { readonly code: number; readonly reason: string }) => void = () => undefined;
  onerror: () => void = () => undefined;

  constructor() {
    ManualSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    // Who closes by itself hears nothing more: the client ignores sockets that it left.
  }
}

/** The real client, told the same at the same times. */
async function replay({ happenings, draws }: Recording) {
  jest.useFakeTimers({ now: 0, doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] });
  ManualSocket.all = [];
  const left = [...draws];
  const spy = jest.spyOn(Math, 'random').mockImplementation(() => left.shift() ?? 0);
  const lines: string[] = [];
  try {
    const client = realClient(lines);
    for (const happening of happenings) {
      await jest.advanceTimersByTimeAsync(happening.at - Date.now());
      happen(client, happening, lines);
      await jest.advanceTimersByTimeAsync(0);
    }
    await jest.advanceTimersByTimeAsync(RUN_MS - Date.now());
    const sent = ManualSocket.all.map((socket) => [...socket.sent]);
    client.disconnect();
    return { sent, lines: lines.filter((line) => line !== 'left') };
  } finally {
    spy.mockRestore();
    jest.useRealTimers();
  }
}

function realClient(lines: string[]): Centrifuge {
  const client = new Centrifuge('ws://gateway', { websocket: ManualSocket });
  client.on('subscribed', (context) => lines.push(lineOf(context)));
  client.on('publication', ({ channel, offset = 0, data }) =>
    lines.push(publicationLine(channel, offset, String(data))),
  );
  client.on('unsubscribed', () => lines.push('ended'));
  client.on('disconnected', ({ code }) => lines.push(code === 0 ? 'left' : 'ended'));
  return client;
}

function happen(client: Centrifuge, happening: Happening, lines: string[]): void {
  switch (happening.kind) {
    case 'connect':
      client.connect();
      break;
    case 'opened':
      socketOf(happening.connection).onopen();
      break;
    case 'closed':
      socketOf(happening.connection).onclose({ code: 1006, reason: '' });
      break;
    case 'frame':
      socketOf(happening.connection).onmessage({ data: happening.text });
      break;
    case 'unsubscribe':
      client.getSubscription(happening.channel)?.unsubscribe();
      break;
    case 'subscribe':
      subscriptionOf(client, happening.channel, lines).subscribe();
      break;
    case 'subscribe anew': {
      const former = client.getSubscription(happening.channel);
      if (former) client.removeSubscription(former);
      subscriptionOf(client, happening.channel, lines).subscribe();
    }
  }
}

function socketOf(connection: number): ManualSocket {
  const socket = ManualSocket.all[connection];
  if (socket === undefined) throw new Error(`expected the client to dial connection ${connection}, got none`);
  return socket;
}

function subscriptionOf(client: Centrifuge, channel: string, lines: string[]): Subscription {
  const known = client.getSubscription(channel);
  if (known) return known;
  const subscription = client.newSubscription(channel);
  subscription.on('subscribed', (context) => lines.push(lineOf(context)));
  subscription.on('publication', ({ offset = 0, data }) =>
    lines.push(publicationLine(channel, offset, String(data))),
  );
  subscription.on('unsubscribed', ({ code }) => lines.push(code === 0 ? 'left' : 'ended'));
  return subscription;
}

function lineOf({
  channel,
  streamPosition,
  wasRecovering,
  recovered,
}: Omit<SubscribedContext, 'data'>): string {
  const { epoch = '', offset = 0 } = streamPosition ?? {};
  return subscribedLine(channel, epoch, offset, wasRecovering, recovered);
}

/** What counts of a command. */
function essence(frame: string): readonly object[] {
  return frame.split('\n').map((line) => {
    const { id, connect, subscribe, unsubscribe } = JSON.parse(line) as {
      id: number;
      connect?: { subs?: object };
      subscribe?: { channel: string; recover?: boolean; offset?: number; epoch?: string };
      unsubscribe?: object;
    };
    if (connect) return { id, connect: { subs: connect.subs ?? {} } };
    if (!subscribe) return { id, unsubscribe };
    const { channel, recover = false, offset = 0, epoch = '' } = subscribe;
    return { id, subscribe: { channel, recover, offset, epoch } };
  });
}

describe('the model of a client', () => {
  it('shows its application what the real client shows, and says the same to the gateway', async () => {
    for (let seed = 1; seed <= rounds(40, 1_000); seed++) {
      const model = await record(seed);
      const real = await replay(model);
      const said = (sent: readonly (readonly string[])[]) => sent.map((frames) => frames.map(essence));
      expect({ seed, lines: real.lines, sent: said(real.sent) }).toEqual({
        seed,
        lines: model.lines,
        sent: said(model.sent),
      });
    }
  }, 600_000);
});
