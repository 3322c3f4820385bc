import type { Facts, MemberFacts, PartitionFacts } from './facts';

export type VerdictKind =
  // of the publication or the user
  | 'no log'
  | 'log set back'
  | 'not published'
  | 'not subscribed'
  | 'not found'
  // of one member
  | 'before the subscription'
  | 'delivered'
  | 'connection closed'
  | 'left'
  | 'to be closed'
  | 'to be told'
  | 'stale'
  | 'another epoch'
  | 'pending'
  | 'in flight'
  | 'trimmed'
  | 'throttled'
  | 'a drain died'
  | 'draining'
  | 'not drained yet'
  // of several members that differ
  | 'several';

export interface Verdict {
  readonly kind: VerdictKind;
  readonly text: string;
}

/** Why the user did or did not get the publication; of each of the user's connections where there are several. Pure. */
export function verdictOf(facts: Facts): Verdict {
  const general = generalVerdict(facts);
  if (general !== undefined) return general;
  const verdicts = facts.members.map((member) => ({ member, verdict: memberVerdict(facts, member) }));
  const [first, ...others] = verdicts;
  if (first === undefined) return absence(facts);
  if (others.length === 0) return first.verdict;
  const same = others.every(({ verdict }) => verdict.kind === first.verdict.kind);
  return {
    kind: same ? first.verdict.kind : 'several',
    text: verdicts
      .map(({ member, verdict }) => `${member.connection}: ${verdict.kind}, ${verdict.text}`)
      .join('; '),
  };
}

/** What is so for everybody. */
function generalVerdict({ question, log }: Facts): Verdict | undefined {
  const { offset, channel } = question;
  const { epoch, top, witness } = log;
  if (epoch === undefined) {
    const text = `${channel} has no log: nothing happened on it for as long as a channel is remembered, or Redis lost it`;
    return { kind: 'no log', text };
  }
  if (witness !== undefined && (witness.epoch !== epoch || witness.offset > top)) {
    const text = `subscribers were shown ${witness.offset} of epoch ${witness.epoch}, the log stands at ${top} of ${epoch}: it was set back, and whoever shows it next begins a new epoch, in which everybody recovers`;
    return { kind: 'log set back', text };
  }
  if (offset <= top) return undefined;
  return { kind: 'not published', text: `${offset} is above the top of the log, ${top}` };
}

function absence({ question, partitions, looked, stopped, nameless }: Facts): Verdict {
  const { user } = question;
  if (stopped) {
    const text = `${user} is none of the first ${looked} members, in ${partitions.length} partitions; the others were not looked at`;
    return { kind: 'not found', text };
  }
  const some = nameless > 0 ? `; ${nameless} members have no connection that names a user` : '';
  const text = `no connection of ${user} is a member now: it never subscribed, left, or its connection ended${some}`;
  return { kind: 'not subscribed', text };
}

/** Why one connection did or did not get it. */
export function memberVerdict(facts: Facts, member: MemberFacts): Verdict {
  const { offset } = facts.question;
  const partition = facts.partitions.find((one) => one.partition === member.partition);
  const start = startOf(member);
  if (start !== undefined && start >= offset) {
    const text = `the subscription began at offset ${start}: ${offset} came with recovery in the subscribe reply, or was published before`;
    return { kind: 'before the subscription', text };
  }
  const sameEpoch = partition?.epoch === facts.log.epoch;
  const has = member.state === 'active' ? partition?.cursor : member.offset;
  if (sameEpoch && has !== undefined && has >= offset && HAVE.has(member.state)) {
    const text = `it has everything up to ${has}: API Gateway accepted the post, and nobody knows more of what a client got`;
    return { kind: 'delivered', text };
  }
  const ending = endingVerdict(facts, member);
  if (ending !== undefined) return ending;
  if (partition === undefined || !sameEpoch) {
    const text = `partition ${member.partition} stands in epoch ${partition?.epoch ?? 'none'}, the log in ${facts.log.epoch}: the next drain makes its members recover`;
    return { kind: 'another epoch', text };
  }
  return waitingVerdict(facts, partition, member);
}

/** States in which a member's offset says what it has. */
const HAVE: ReadonlySet<string> = new Set(['active', 'behind', 'flying']);

function startOf({ state, nonce, offset, subscription }: MemberFacts): number | undefined {
  if (subscription?.nonce === nonce && subscription.start !== undefined) return subscription.start;
  // Until it is activated, a member's offset is the one that its subscription begins at.
  return state === 'pending' || state === 'stale' ? offset : undefined;
}

/** Of members that get no publication any more. */
function endingVerdict({ now }: Facts, { state, until, closed }: MemberFacts): Verdict | undefined {
  if (closed) {
    const text = 'its connection was closed; the member is removed by its clean-up or by the next post to it';
    return { kind: 'connection closed', text };
  }
  switch (state) {
    case 'left':
      return {
        kind: 'left',
        text: `it unsubscribed; a drain that held its partition, or a post that was out, kept the member until a drain removes it`,
      };
    case 'closing': {
      const text = `its connection is to be closed with 3010${from(until, now)}, since nobody knows what it got: a post without a clear answer, or a drain that died; the client then recovers`;
      return { kind: 'to be closed', text };
    }
    case 'unsubscribing': {
      const text = `it is to be told 2500${from(until, now)}: the log does not reach back to what it lacks, or began a new epoch; the client then subscribes again and recovers`;
      return { kind: 'to be told', text };
    }
    case 'stale': {
      const text =
        'the channel began a new epoch while the subscribe was on its way: it fails, and the client tries again';
      return { kind: 'stale', text };
    }
    default:
      return undefined;
  }
}

/** Of members that get publications, but did not get this one. */
function waitingVerdict(facts: Facts, partition: PartitionFacts, member: MemberFacts): Verdict {
  const { now, log, question } = facts;
  const { state, until } = member;
  if (state === 'pending') {
    const text =
      until > now
        ? `its subscribe reply is not confirmed yet, and nothing is posted before; it has ${seconds(until - now)} left`
        : `its subscribe reply was never confirmed and its time ended ${seconds(now - until)} ago: the next drain closes the connection with 3010`;
    return { kind: 'pending', text };
  }
  if (state === 'flying') {
    const text =
      until > now
        ? `a post after ${member.offset} takes long; if nothing is heard of it for ${seconds(until - now)} more, the connection is closed with 3010`
        : `a post after ${member.offset} was not settled in its time: the next drain closes the connection with 3010`;
    return { kind: 'in flight', text };
  }
  const has = state === 'active' ? partition.cursor : (member.offset ?? 0);
  if (has + 1 < (log.oldest ?? log.top + 1)) {
    const oldest = log.oldest === undefined ? 'is empty' : `begins at ${log.oldest}`;
    const text = `it has everything up to ${has}, and the log ${oldest}: the next drain tells it 2500 (3010 if the server subscribed it), and it recovers`;
    return { kind: 'trimmed', text };
  }
  if (state === 'behind' && until > now) {
    const text = `it has everything up to ${has}; its last post was throttled, or its connection was too young to be found: next try in ${seconds(until - now)}`;
    return { kind: 'throttled', text };
  }
  const { kind, text } = partitionVerdict(partition, now);
  return { kind, text: `it has everything up to ${has}, not ${question.offset}; ${text}` };
}

const DOUBT = 'nobody knows who got what, so the next drain closes the members with 3010, and they recover';

function partitionVerdict(partition: PartitionFacts, now: number): Verdict {
  const { lockedUntil, announced, readerLost, dirtySince } = partition;
  const posting = announced === undefined ? 'and has announced no post' : `and posts up to ${announced}`;
  if (lockedUntil !== undefined && lockedUntil > now) {
    const text = `a drain holds the partition for ${seconds(lockedUntil - now)} more ${posting}`;
    return { kind: 'draining', text };
  }
  if (lockedUntil !== undefined) {
    const then =
      readerLost || announced !== undefined
        ? DOUBT
        : 'it had read nothing to post, so the next drain goes on';
    const text = `the drain that held the partition died, its lock expired ${seconds(now - lockedUntil)} ago; ${then}`;
    return { kind: 'a drain died', text };
  }
  if (readerLost) {
    const text = `the drain that read the log last never committed here (it died, or Redis was set back): ${DOUBT}`;
    return { kind: 'a drain died', text };
  }
  const text =
    dirtySince === undefined
      ? 'nobody marked the partition: its wake is about to be sent, or was never; the next publication brings both'
      : `the partition was marked ${seconds(now - dirtySince)} ago and waits for its wake (or for the flush of its namespace)`;
  return { kind: 'not drained yet', text };
}

function from(until: number, now: number): string {
  return until > now ? ` (in ${seconds(until - now)})` : '';
}

/** A duration for a reader. */
export function seconds(milliseconds: number): string {
  return `${(Math.max(0, milliseconds) / 1000).toFixed(1)} s`;
}
