import { LOCK_MS } from '../delivery/times';
import type { Facts, LogFacts, MemberFacts, PartitionFacts } from './facts';
import { seconds, verdictOf } from './verdict';

/** The facts for a reader, one a line; the last line is the verdict. */
export function linesOf(facts: Facts): readonly string[] {
  const { question, log, now, partitions, members } = facts;
  const { kind, text } = verdictOf(facts);
  return [
    `channel ${question.channel}: ${channelText(facts)}`,
    `publication ${question.offset}: ${publicationText(question.offset, log)}`,
    ...partitions.map((partition) => `partition ${partition.partition}: ${partitionText(partition, now)}`),
    `members: ${membersText(facts)}`,
    ...members.map((member) => `connection ${member.connection}: ${memberText(member, now)}`),
    `verdict: ${kind}: ${text}`,
  ];
}

function channelText({ log: { epoch, top, witness }, partitionCount }: Facts): string {
  if (epoch === undefined) return 'no log';
  const shown = witness ? `${witness.offset} of epoch ${witness.epoch}` : 'none';
  return `epoch ${epoch}, top ${top}, partitions ${partitionCount}, newest position shown ${shown}`;
}

function publicationText(offset: number, { epoch, top, kept, tag, oldest }: LogFacts): string {
  if (kept) return `kept, tag ${tag ?? 'none'}`;
  if (epoch === undefined || offset > top) return 'not published';
  return `not kept (trimmed, or of a former epoch), oldest kept ${oldest ?? 'none'}`;
}

function partitionText(partition: PartitionFacts, now: number): string {
  const { epoch, cursor, lockedUntil, announced, readerLost, dirtySince, postedAt, members } = partition;
  if (epoch === undefined) return 'no hash';
  return [
    `epoch ${epoch}, cursor ${cursor}, members ${members}`,
    lockedUntil === undefined ? 'not locked' : lockText(lockedUntil, now),
    ...(announced === undefined ? [] : [`posts announced up to ${announced}`]),
    ...(readerLost ? ['last reader of the log did not commit'] : []),
    dirtySince === undefined ? 'not marked' : `marked ${seconds(now - dirtySince)} ago`,
    postedAt === undefined ? 'never posted' : `last post committed ${seconds(now - postedAt)} ago`,
  ].join(', ');
}

function lockText(until: number, now: number): string {
  return until > now
    ? `locked ${seconds(now - (until - LOCK_MS))} ago by a drain`
    : `lock of a drain expired ${seconds(now - until)} ago`;
}

function membersText({ question, looked, nameless, stopped, members }: Facts): string {
  const rest = stopped ? '; there are more, which were not looked at' : '';
  return `${looked} looked at, ${members.length} of ${question.user}, ${nameless} without a user${rest}`;
}

function memberText(member: MemberFacts, now: number): string {
  const { partition, state, offset, until, serverSide, closed, nonce, subscription } = member;
  return [
    `partition ${partition}, ${state}`,
    ...(offset === undefined ? [] : [`own offset ${offset}`]),
    ...(until > now ? [`for ${seconds(until - now)} more`] : []),
    ...(serverSide ? ['server-side'] : []),
    ...(closed ? ['connection closed'] : []),
    subscription === undefined
      ? 'the connection knows of no subscription'
      : `subscription ${subscription.stage}${subscription.start === undefined ? '' : ` from offset ${subscription.start}`}`,
    ...(subscription !== undefined && subscription.nonce !== nonce ? ['which is a later one'] : []),
  ].join(', ');
}
