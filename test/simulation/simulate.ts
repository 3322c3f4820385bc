import type { Redis } from 'iovalkey';
import type { Delivery } from '../../lambdas/contract/delivery';
import { PARTITION_MEMBERS } from '../../lambdas/gateway/core/delivery/partitions';
import { channelKeys } from '../../lambdas/gateway/core/keys';
import { RedisPresence } from '../../lambdas/gateway/core/presence/redis-presence';
import type { ScriptRunner } from '../../lambdas/gateway/core/redis-script';
import { ClientModel } from './client-model';
import { Cloud } from './cloud';
import { type Fault, FaultPlan } from './faults';
import { listFaults } from './lists';
import { Losses } from './losses';
import { Oracle, type Violation } from './oracle';
import { Schedule } from './schedule';
import { tokenOf } from './tokens';

export interface Report {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly violations: readonly Violation[];
  readonly steps: number;
  /** Equal for equal runs. */
  readonly digest: number;
  readonly trace: readonly string[];
}

/** When trouble ends, and when everything has to be settled (ms after the start). */
const TROUBLE_MS = 25_000;
const END_MS = 260_000;
/** Two pings: a connection's subscriptions are verified at most once a minute, at a frame. */
const PINGS_MS = [100_000, 170_000];
/** It finds whom nobody posts to, where only lists would show it. */
const JANITOR_MS = [120_000, 160_000, 200_000];
/** Without a loss of state nobody needs a ping or a further publication to have everything by then. */
const QUIET_MS = 95_000;
/** What a loss took the last publications of, the next one finds. */
const AFTER_LOSSES_MS = 40_000;
/** Nobody may be deaf after the pings. */
const LAST_PUBLICATION_MS = 220_000;

export interface SimulationOptions {
  /** Kinds of trouble; else by the seed. None that loses state where `listed`. */
  readonly faults?: readonly Fault[] | undefined;
  /** Channels know who is in them, and whoever wants to know is told. */
  readonly listed?: boolean;
}

const MOST_CLIENTS = 4;

/** Every fourth run has channels of several partitions, half of these with one member each. By the seed alone: see `Losses`. */
function membersPerPartitionOf(seed: number): number {
  if (seed % 4 !== 0) return PARTITION_MEMBERS;
  return seed % 8 === 0 ? 1 : 2;
}

/** One run: clients, publications and trouble by the seed, judged by the oracle. */
export async function simulate(
  seed: number,
  redis: ScriptRunner,
  operator: Redis,
  { faults: given, listed = false }: SimulationOptions = {},
): Promise<Report> {
  const schedule = new Schedule(seed);
  const faults = new FaultPlan(schedule, TROUBLE_MS, given);
  const oracle = new Oracle();
  const scope = `sim${seed}.`;
  const names = Array.from({ length: MOST_CLIENTS }, (_, index) => `${scope}c${index}`);
  const membersPerPartition = membersPerPartitionOf(seed);
  const partitions = Math.ceil(MOST_CLIENTS / membersPerPartition);
  const losses = new Losses(operator, schedule, faults, scope, names, partitions);
  const afterAppend = (channel: string) => losses.appended(channel);
  const parts = { schedule, faults, oracle, redis, afterAppend };
  const cloud = new Cloud(parts, scope, { listed, membersPerPartition });
  await losses.clear();
  const presence = new RedisPresence(redis, { now: () => schedule.now, sleep: async () => undefined });

  const channels = Array.from({ length: schedule.between(1, 2) }, (_, index) => `room:${scope}${index}`);
  const serverSide = `room:${scope}s`;
  const all = [...channels, serverSide];
  const clients = names.slice(0, schedule.between(2, MOST_CLIENTS)).map(clientOf);
  const accepted: string[] = [];
  for (const client of clients) script(client);
  publish();
  if (schedule.chance(0.9)) losePieces();
  for (const at of PINGS_MS) {
    schedule.after(at, 'pings', () => {
      for (const client of clients) client.ping();
    });
  }
  if (listed) for (const at of JANITOR_MS) schedule.after(at, 'janitor', () => cloud.janitor());
  if (!faults.losesState) {
    await schedule.runUntil(QUIET_MS);
    await checkPositions();
  }
  await schedule.runUntil(END_MS);
  await judge();
  await losses.clear();
  const { steps, digest, trace } = schedule;
  return { seed, faults: [...faults.kinds], violations: oracle.violations, steps, digest, trace };

  function clientOf(name: string): ClientModel {
    const own = schedule.chance(0.3) ? [serverSide] : [];
    return new ClientModel({
      name,
      wire: cloud,
      application: oracle,
      token: schedule.chance(0.4) ? tokenOf(name, own) : undefined,
      serverSide: own,
      joinLeave: listed,
      random: schedule.random,
      splits: () => schedule.chance(0.4),
    });
  }

  /** What a client does. */
  function script(client: ClientModel): void {
    schedule.after(schedule.between(0, 3_000), 'start', () => client.connect());
    for (const name of channels) {
      const at = schedule.between(0, schedule.chance(0.5) ? 3_200 : 12_000);
      if (schedule.chance(0.85)) schedule.after(at, 'join', () => client.subscribe(name, false));
    }
    for (let index = 0; index < 12; index++) {
      const at = schedule.between(1_000, TROUBLE_MS);
      const name = schedule.pick(channels);
      if (faults.kinds.has('toggles')) schedule.after(at, 'toggle', () => toggle(client, name));
      if (faults.kinds.has('cuts') && index < 4) schedule.after(at, 'cut', () => client.cut());
    }
  }

  function toggle(client: ClientModel, name: string): void {
    client.unsubscribe(name);
    const pause = schedule.chance(0.5) ? 0 : schedule.between(1, 400);
    schedule.after(pause, 'toggled', () => client.subscribe(name, schedule.chance(0.3)));
  }

  function publish(): void {
    const count = schedule.between(15, 45);
    for (let index = 0; index < count; index++) {
      const channel = schedule.pick(all);
      const at = schedule.chance(0.5) ? schedule.between(500, TROUBLE_MS) : 6_000 + schedule.between(0, 400);
      schedule.after(at, 'publish', async () => {
        await losses.remember(channel);
        if (schedule.chance(0.3)) publishBy(schedule.pick(clients), channel, `c${index}`);
        else deliver(channel, `p${index}`);
      });
    }
    for (const at of faults.losesState ? [AFTER_LOSSES_MS, LAST_PUBLICATION_MS] : [LAST_PUBLICATION_MS]) {
      for (const channel of all)
        schedule.after(at, 'last', () => deliver(channel, `last of ${channel} at ${at}`));
    }
  }

  function publishBy(client: ClientModel, channel: string, data: string): void {
    client.publish(channel, data, (error) => {
      if (error === undefined) oracle.answered(data);
    });
  }

  function deliver(channel: string, data: string): void {
    const delivery: Delivery = {
      v: 1,
      type: 'publication',
      channel,
      data,
      idempotencyKey: `${scope}${data}`,
      source: 'test',
      publishedAt: schedule.now,
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    };
    accepted.push(data);
    cloud.queues.deliver(delivery);
    if (!faults.strikes('queue-repeats', 0.2)) return;
    schedule.after(schedule.between(1, 30_000), 'publish again', () => cloud.queues.deliver(delivery));
  }

  function losePieces(): void {
    for (let index = 0; index < 4; index++) {
      schedule.after(schedule.between(2_000, TROUBLE_MS), 'loss', () =>
        losses.strike(schedule.pick(all), schedule.pick(clients).connection),
      );
    }
  }

  async function judge(): Promise<void> {
    if (!faults.forgetsRepeats) oracle.checkPlaces();
    for (const data of accepted) oracle.accepted(data);
    for (const body of cloud.queues.lost) oracle.stuck('queues', `gave up ${body}`);
    await checkPositions();
    if (listed) await checkLists();
  }

  /** Who stands in a channel is who is subscribed to it, and the bus was told so. */
  async function checkLists(): Promise<void> {
    for (const channel of all) {
      const live = clients
        .filter(({ channels: own }) => own.includes(channel))
        .map(({ connection }) => connection);
      const { listed: infos = [] } = await presence.members(channel);
      const known = infos.map(({ client }) => client);
      for (const text of listFaults(live, known, cloud.events, channel)) oracle.stuck(channel, text);
    }
  }

  async function checkPositions(): Promise<void> {
    for (const client of clients) {
      if (!client.settled) oracle.stuck(client.name, 'is not settled');
      for (const channel of client.channels) {
        const [epoch, top] = await operator.hmget(channelKeys(channel).meta, 'epoch', 'top');
        oracle.end(client.name, channel, { epoch: epoch ?? '', offset: Number(top ?? 0) });
      }
    }
  }
}
