import type {
  Facts,
  LogFacts,
  MemberFacts,
  PartitionFacts,
} from '../../../lambdas/gateway/core/explain/facts';
import { linesOf } from '../../../lambdas/gateway/core/explain/lines';
import { type VerdictKind, verdictOf } from '../../../lambdas/gateway/core/explain/verdict';

const NOW = 1_000_000;

const LOG: LogFacts = {
  epoch: 'e1',
  top: 50,
  kept: true,
  tag: 'tag',
  oldest: 1,
  witness: { epoch: 'e1', offset: 50 },
};

const PARTITION: PartitionFacts = {
  partition: 0,
  epoch: 'e1',
  cursor: 50,
  lockedUntil: undefined,
  announced: undefined,
  readerLost: false,
  dirtySince: undefined,
  postedAt: NOW - 3_000,
  members: 1,
};

const MEMBER: MemberFacts = {
  connection: 'c1',
  nonce: 'n1',
  state: 'active',
  offset: undefined,
  until: 0,
  serverSide: false,
  partition: 0,
  closed: false,
  subscription: { stage: 'settled', nonce: 'n1', start: 10 },
};

interface Change {
  readonly offset?: number;
  readonly log?: Partial<LogFacts>;
  readonly partition?: Partial<PartitionFacts>;
  readonly member?: Partial<MemberFacts>;
  readonly facts?: Partial<Facts>;
}

/** Alice is an active member who got everything; then what is changed. */
function factsWith({ offset = 42, log, partition, member, facts }: Change): Facts {
  return {
    question: { user: 'alice', channel: 'room:1', offset },
    now: NOW,
    log: { ...LOG, ...log },
    partitions: [{ ...PARTITION, ...partition }],
    partitionCount: 1,
    looked: 1,
    nameless: 0,
    stopped: false,
    members: [{ ...MEMBER, ...member }],
    ...facts,
  };
}

const behind = (offset: number, more: Partial<MemberFacts> = {}): Partial<MemberFacts> => ({
  state: 'behind',
  offset,
  ...more,
});
const later = NOW + 2_000;
const earlier = NOW - 2_000;
const later41: Partial<MemberFacts> = { state: 'flying', offset: 41, until: later };

const CASES: readonly [what: string, change: Change, kind: VerdictKind, text: string][] = [
  ['an active member of a cursor above', {}, 'delivered', 'up to 50: API Gateway accepted'],
  ['an active member of a cursor at it', { partition: { cursor: 42 } }, 'delivered', 'up to 42'],
  ['a member behind that has it', { member: behind(42) }, 'delivered', 'up to 42'],
  ['a slow post after it', { member: { ...later41, offset: 42 } }, 'delivered', 'up to 42'],
  ['a trimmed entry that was posted', { log: { kept: false, oldest: 45 } }, 'delivered', 'up to 50'],
  ['a channel without a log', { log: { epoch: undefined } }, 'no log', 'room:1 has no log'],
  ['an offset above the top', { offset: 51 }, 'not published', '51 is above the top of the log, 50'],
  ['a log that ends below its witness', { log: { top: 41 } }, 'log set back', 'shown 50 of epoch e1'],
  [
    'a log in another epoch than its witness',
    { log: { witness: { epoch: 'e0', offset: 3 } } },
    'log set back',
    'shown 3 of epoch e0',
  ],
  ['no member', { facts: { members: [] } }, 'not subscribed', 'no connection of alice is a member'],
  [
    'no member, some without a user',
    { facts: { members: [], nameless: 3 } },
    'not subscribed',
    '3 members have no connection that names a user',
  ],
  [
    'no member among those looked at',
    { facts: { members: [], stopped: true, looked: 5000 } },
    'not found',
    'none of the first 5000 members',
  ],
  [
    'a subscription that began at it',
    { member: { subscription: { stage: 'settled', nonce: 'n1', start: 42 } } },
    'before the subscription',
    'began at offset 42',
  ],
  [
    'a pending member that began above it',
    { member: { state: 'pending', offset: 44, until: later, subscription: undefined } },
    'before the subscription',
    'began at offset 44',
  ],
  [
    'the start of another subscription of the connection',
    { member: { subscription: { stage: 'settled', nonce: 'n2', start: 49 } } },
    'delivered',
    'up to 50',
  ],
  [
    'a pending member',
    { member: { state: 'pending', offset: 41, until: later, subscription: undefined } },
    'pending',
    'it has 2.0 s left',
  ],
  [
    'a pending member whose time is over',
    { member: { state: 'pending', offset: 41, until: earlier } },
    'pending',
    'ended 2.0 s ago: the next drain closes the connection with 3010',
  ],
  ['a stale member', { member: { state: 'stale', offset: 41 } }, 'stale', 'a new epoch'],
  ['a slow post', { member: later41 }, 'in flight', 'a post after 41 takes long'],
  ['a slow post that was not settled', { member: { ...later41, until: earlier } }, 'in flight', '3010'],
  ['a member that left', { member: { state: 'left' } }, 'left', 'it unsubscribed'],
  ['a member to be told', { member: { state: 'unsubscribing' } }, 'to be told', 'told 2500: the log'],
  [
    'a member to be closed later',
    { member: { state: 'closing', until: later } },
    'to be closed',
    'closed with 3010 (in 2.0 s), since nobody knows',
  ],
  [
    'a closed connection',
    { partition: { cursor: 41 }, member: { closed: true } },
    'connection closed',
    'removed by its clean-up',
  ],
  ['a partition of another epoch', { partition: { epoch: 'e0' } }, 'another epoch', 'stands in epoch e0'],
  ['a partition without a hash', { partition: { epoch: undefined } }, 'another epoch', 'epoch none'],
  [
    'a log that does not reach back',
    { log: { kept: false, oldest: 45 }, partition: { cursor: 40 } },
    'trimmed',
    'has everything up to 40, and the log begins at 45',
  ],
  [
    'an empty log',
    { log: { kept: false, oldest: undefined }, member: behind(41) },
    'trimmed',
    'the log is empty',
  ],
  ['a throttled member', { member: behind(41, { until: later }) }, 'throttled', 'next try in 2.0 s'],
  [
    'a running drain',
    { partition: { cursor: 41, lockedUntil: later, announced: 50 } },
    'draining',
    'up to 41, not 42; a drain holds the partition for 2.0 s more and posts up to 50',
  ],
  [
    'a running drain that did not begin to post',
    { partition: { cursor: 41, lockedUntil: later } },
    'draining',
    'has announced no post',
  ],
  [
    'a drain that died while it posted',
    { partition: { cursor: 41, lockedUntil: earlier, announced: 50 } },
    'a drain died',
    'expired 2.0 s ago; nobody knows who got what',
  ],
  [
    'a drain that died after it read',
    { partition: { cursor: 41, lockedUntil: earlier, readerLost: true } },
    'a drain died',
    'closes the members with 3010',
  ],
  [
    'a reader that never committed',
    { partition: { cursor: 41, readerLost: true } },
    'a drain died',
    'never committed here',
  ],
  [
    'a drain that died before',
    { partition: { cursor: 41, lockedUntil: earlier } },
    'a drain died',
    'the next drain goes on',
  ],
  [
    'a marked partition',
    { partition: { cursor: 41, dirtySince: earlier } },
    'not drained yet',
    'marked 2.0 s ago and waits for its wake',
  ],
  ['a partition nobody marked', { partition: { cursor: 41 } }, 'not drained yet', 'nobody marked'],
  ['a member behind to be served now', { member: behind(41) }, 'not drained yet', 'up to 41, not 42'],
];

describe('the verdict', () => {
  it.each(CASES)('of %s', (_, change, kind, text) => {
    expect(verdictOf(factsWith(change))).toEqual({ kind, text: expect.stringContaining(text) });
  });

  it('names each connection where there are several', () => {
    const second = { ...MEMBER, ...behind(41, { until: later }), connection: 'c2' };
    const several = verdictOf(factsWith({ facts: { members: [MEMBER, second] } }));
    expect(several.kind).toBe('several');
    expect(several.text).toMatch(/^c1: delivered, .*; c2: throttled, /);
    const alike = factsWith({ facts: { members: [MEMBER, { ...MEMBER, connection: 'c2' }] } });
    expect(verdictOf(alike).kind).toBe('delivered');
  });
});

describe('the lines', () => {
  it('tell one fact each and end with the verdict', () => {
    expect(linesOf(factsWith({}))).toEqual([
      'channel room:1: epoch e1, top 50, partitions 1, newest position shown 50 of epoch e1',
      'publication 42: kept, tag tag',
      'partition 0: epoch e1, cursor 50, members 1, not locked, not marked, last post committed 3.0 s ago',
      'members: 1 looked at, 1 of alice, 0 without a user',
      'connection c1: partition 0, active, subscription settled from offset 10',
      expect.stringMatching(/^verdict: delivered: /),
    ]);
  });

  it('tell of a lock since when it is held, or since when it is not', () => {
    const held = linesOf(factsWith({ partition: { lockedUntil: NOW + 7_500, announced: 50 } }));
    expect(held[2]).toContain('locked 0.5 s ago by a drain, posts announced up to 50');
    const died = linesOf(factsWith({ partition: { lockedUntil: earlier } }));
    expect(died[2]).toContain('lock of a drain expired 2.0 s ago');
  });

  it('tell of a reader that did not commit', () => {
    const lines = linesOf(factsWith({ partition: { readerLost: true } }));
    expect(lines[2]).toContain('last reader of the log did not commit');
  });

  it('tell of a publication that is gone, and of one that never was', () => {
    const gone = linesOf(factsWith({ log: { kept: false, oldest: 45 } }));
    expect(gone[1]).toBe('publication 42: not kept (trimmed, or of a former epoch), oldest kept 45');
    expect(linesOf(factsWith({ offset: 51, log: { kept: false } }))[1]).toBe('publication 51: not published');
  });
});
