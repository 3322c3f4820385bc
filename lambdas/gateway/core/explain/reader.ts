import { SUBSCRIPTION, subscriptionRecord } from '../connections/subscription-record';
import type { Member } from '../delivery/partitions';
import { memberOf } from '../delivery/redis-partitions';
import { seen } from '../delivery/scripts/witness';
import { channelKeys, connectionKey, partitionKey, witnessKey } from '../keys';
import { inParallel } from '../parallel';
import type { Clock } from '../ports';
import { type ScriptRunner, textList } from '../redis-script';
import type { Facts, LogFacts, MemberFacts, PartitionFacts, Question, SubscriptionFacts } from './facts';
import { readChannel } from './scripts/read-channel';
import { readPartition } from './scripts/read-partition';
import { readReader } from './scripts/read-reader';
import { readSubscription } from './scripts/read-subscription';

/** Members whose connections are looked up: some seconds of reading, and no burden for who delivers meanwhile. */
export const MOST_MEMBERS = 5_000;

const READS_AT_ONCE = 20;

const MEMBER = 'm:';

const numberOf = (text: string | undefined) => (text ? Number(text) : undefined);

function subscriptionOf(channel: string, value: string): SubscriptionFacts | undefined {
  const record = subscriptionRecord(channel, value);
  return record && { stage: record.stage, nonce: record.nonce, start: record.start };
}

/**
 * @param reader token of the drain that read the log last for the partition, the same before and after the fields were read;
 *   undefined where it was not the same
 */
function partitionOf(partition: number, fields: readonly string[], reader: string | undefined, now: number) {
  const own = new Map<string, string>();
  const members: Member[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [field = '', value = ''] = fields.slice(index, index + 2);
    const member = field.startsWith(MEMBER) ? memberOf(field.slice(MEMBER.length), value) : undefined;
    if (member === undefined) own.set(field, value);
    else members.push(member);
  }
  const lastCommitted = own.get('done') ?? (own.has('made') ? reader : '');
  const lockedUntil = own.has('lock') ? Number(own.get('until') ?? 0) : undefined;
  const running = lockedUntil !== undefined && lockedUntil > now;
  const facts: PartitionFacts = {
    partition,
    epoch: own.get('epoch'),
    cursor: Number(own.get('cursor') ?? 0),
    lockedUntil,
    announced: numberOf(own.get('fly')),
    readerLost: !running && reader !== undefined && reader !== lastCommitted,
    // Behind the time stands the token of who marked it.
    dirtySince: numberOf(own.get('dirty')?.split(':')[0]),
    postedAt: numberOf(own.get('posted')),
    members: members.length,
  };
  return { facts, members };
}

/** Reads what Redis knows of a publication's way to a user. Writes nothing. */
export class FactReader {
  readonly #scripts: ScriptRunner;
  readonly #clock: Clock;
  readonly #mostMembers: number;

  /** @param mostMembers how many members' connections are looked up at most; the partition that exceeds it is the last */
  constructor(scripts: ScriptRunner, clock: Clock, mostMembers: number = MOST_MEMBERS) {
    this.#scripts = scripts;
    this.#clock = clock;
    this.#mostMembers = mostMembers;
  }

  /** Rejects where Redis does not answer. */
  async read(question: Question): Promise<Facts> {
    const { log, partitionCount } = await this.#log(question);
    const partitions: PartitionFacts[] = [];
    const members: MemberFacts[] = [];
    let looked = 0;
    let nameless = 0;
    let stopped = false;
    for (let partition = 0; partition < partitionCount && !stopped; partition++) {
      const read = await this.#partition(question.channel, partition);
      partitions.push(read.facts);
      const known = read.members.slice(0, this.#mostMembers - looked);
      stopped = known.length < read.members.length;
      looked += known.length;
      const found = await this.#subscriptions(question.channel, known);
      nameless += found.filter(({ user }) => user === '').length;
      for (const { user, member, closed, subscription } of found) {
        if (user === question.user) members.push({ ...member, partition, closed, subscription });
      }
    }
    const now = this.#clock.now();
    return { question, now, log, partitions, partitionCount, looked, nameless, stopped, members };
  }

  async #log({ channel, offset }: Question): Promise<{ log: LogFacts; partitionCount: number }> {
    const keys = channelKeys(channel);
    const [answer, witness] = await Promise.all([
      this.#scripts.run(readChannel, [keys.meta, keys.log], [offset]),
      this.#scripts.run(seen, [witnessKey(channel)], []),
    ]);
    const [epoch, top, partitions, kept, tag, oldest] = textList(readChannel, answer);
    const [seenEpoch = '', seenOffset] = typeof witness === 'string' ? witness.split('|') : [];
    const log = {
      epoch: epoch || undefined,
      top: Number(top),
      kept: kept === '1',
      tag: tag || undefined,
      oldest: numberOf(oldest),
      witness: seenOffset === undefined ? undefined : { epoch: seenEpoch, offset: Number(seenOffset) },
    };
    return { log, partitionCount: Number(partitions) };
  }

  async #partition(channel: string, partition: number) {
    const key = partitionKey(channel, partition);
    const before = await this.#reader(channel, partition);
    const fields = textList(readPartition, await this.#scripts.run(readPartition, [key], []));
    const after = await this.#reader(channel, partition);
    return partitionOf(partition, fields, before === after ? before : undefined, this.#clock.now());
  }

  async #reader(channel: string, partition: number): Promise<string> {
    const token = await this.#scripts.run(readReader, [channelKeys(channel).meta], [`r${partition}`]);
    return typeof token === 'string' ? token : '';
  }

  #subscriptions(channel: string, members: readonly Member[]) {
    return inParallel(members, READS_AT_ONCE, async (member) => {
      const key = connectionKey(member.connection);
      const answer = await this.#scripts.run(readSubscription, [key], [SUBSCRIPTION + channel]);
      const [user = '', state, value = ''] = textList(readSubscription, answer);
      return { member, user, closed: state === 'closed', subscription: subscriptionOf(channel, value) };
    });
  }
}
