import type { HopLine } from '../local/hop-log';
import type { Sample } from './chat';

/** Hops of a run, in the order of their time. */
export interface HopTimes {
  /** By connection: frames that came from it, posts to it. */
  readonly ofConnection: ReadonlyMap<string, readonly HopLine[]>;
  readonly ofTrace: ReadonlyMap<string, readonly HopLine[]>;
}

/** Milliseconds of the parts of a message's way. */
export interface Way {
  readonly toGateway: number;
  readonly ingress: number;
  readonly bus: number;
  readonly service: number;
  readonly queue: number;
  readonly toReply: number;
  readonly replyToClient: number;
  readonly toPublication: number;
  readonly publicationToClient: number;
  readonly roundTrip: number;
  readonly delivery: number;
}

/** Names of the parts, in their order. */
export const WAYS: readonly (readonly [string, keyof Way])[] = [
  ['client to API Gateway', 'toGateway'],
  ['ingress: until the bus has the call', 'ingress'],
  ['bus: until chat begins', 'bus'],
  ['chat: until the deliveries queue has the message', 'service'],
  ['deliveries queue: until the courier begins', 'queue'],
  ['courier: until the reply is posted', 'toReply'],
  ['API Gateway to the speaker', 'replyToClient'],
  ['courier: until the message is posted', 'toPublication'],
  ['API Gateway to the other member', 'publicationToClient'],
  ['chat.send, round trip', 'roundTrip'],
  ['chat.send to the other member', 'delivery'],
];

export function readHops(text: string): HopTimes {
  const ofConnection = new Map<string, HopLine[]>();
  const ofTrace = new Map<string, HopLine[]>();
  const add = (map: Map<string, HopLine[]>, key: string, line: HopLine) => {
    map.set(key, [...(map.get(key) ?? []), line]);
  };
  // The last line may be written just now.
  for (const json of text.slice(0, text.lastIndexOf('\n')).split('\n')) {
    const line: HopLine = JSON.parse(json);
    if (line.kind === 'frame' || line.kind === 'post') add(ofConnection, line.where, line);
    for (const trace of line.traces) add(ofTrace, trace, line);
  }
  return { ofConnection, ofTrace };
}

/** The way of a message; undefined where a hop of it is not in the log. */
export function waysOf(sample: Sample, { ofConnection, ofTrace }: HopTimes): Way | undefined {
  const { speaker, listener, calledAt, repliedAt, heardAt } = sample;
  const within = (connection: string, kind: HopLine['kind'], from: number, to: number) =>
    ofConnection.get(connection)?.find((line) => line.kind === kind && line.at >= from && line.at <= to)?.at;
  const frame = within(speaker, 'frame', calledAt, repliedAt);
  if (frame === undefined) return undefined;
  const trace = [...ofTrace.values()].find((lines) => {
    const [first] = lines;
    return (
      first?.kind === 'event' && first.connection === speaker && first.at >= frame && first.at <= repliedAt
    );
  });
  const after = (kind: HopLine['kind'], part: string, from: number) =>
    trace?.find((line) => line.kind === kind && line.where.toLowerCase().includes(part) && line.at >= from)
      ?.at;
  const event = after('event', '', frame);
  const begun = event && after('begin', 'service-chat', event);
  const queued = begun && after('queue', 'deliveries', begun);
  const courier = queued && after('begin', 'courier', queued);
  const reply = courier && within(speaker, 'post', courier, repliedAt);
  const publication = courier && within(listener, 'post', courier, heardAt);
  if (!event || !begun || !queued || !courier || !reply || !publication) return undefined;
  return {
    toGateway: frame - calledAt,
    ingress: event - frame,
    bus: begun - event,
    service: queued - begun,
    queue: courier - queued,
    toReply: reply - courier,
    replyToClient: repliedAt - reply,
    toPublication: publication - courier,
    publicationToClient: heardAt - publication,
    roundTrip: repliedAt - calledAt,
    delivery: heardAt - calledAt,
  };
}
