import { storesOn } from '../../lambdas/gateway/core/adapters/state';
import { systemClock } from '../../lambdas/gateway/core/clock';
import { HOLD_MS } from '../../lambdas/gateway/core/connections/connection';
import { NO_TRAITS } from '../../lambdas/gateway/core/connections/subscription-record';
import { newEpoch } from '../../lambdas/gateway/core/delivery/epoch';
import { type Member, WAKE_RENEWAL_MS } from '../../lambdas/gateway/core/delivery/partitions';
import { channelKeys, connectionKey, partitionKey, witnessKey } from '../../lambdas/gateway/core/keys';
import { endlessKeys, operatorRedis } from '../support/redis';
import { testScripts, unique } from './gateway-world';

const scripts = testScripts();
const { connections, channels, partitions } = storesOn(scripts);
const operator = operatorRedis();
const RETENTION = { entries: 300, seconds: 600 };

afterAll(async () => {
  const endless = await endlessKeys(operator);
  await scripts.disconnect();
  operator.disconnect();
  expect(endless).toEqual([]);
});

async function append(channel: string, key = unique('key'), more: object = {}) {
  const publication = { text: '{"data":"x"}', idempotencyKey: key, ...more };
  const [appended] = await channels.append(channel, [publication], RETENTION);
  if (appended === undefined) throw new Error('append: expected an answer, got none');
  return appended;
}

/** A drain of partition 0 that reads, after one that committed last. */
const reader = (token: string, last = '*') => ({ partition: 0, token, last });
const peek = (channel: string, cursor = 0, behind?: number) =>
  channels.read(channel, reader('t'), cursor, behind);

function pending(connection: string, offset: number, nonce = 'n1'): Member {
  return { connection, nonce, state: 'pending', offset, until: 10_000, serverSide: false };
}

describe('append', () => {
  it('counts offsets from 1 in one epoch', async () => {
    const channel = unique('room:');
    const first = await append(channel);
    const second = await append(channel);
    expect([first.offset, second.offset]).toEqual([1, 2]);
    expect(second.epoch).toBe(first.epoch);
    expect(first.partitions).toBe(0);
  });

  it('answers a repeated key with the first result and appends nothing', async () => {
    const channel = unique('room:');
    const key = unique('key');
    const first = await append(channel, key);
    await append(channel);
    expect(await append(channel, key)).toEqual({ ...first, result: 'repeated' });
    expect((await peek(channel)).top).toBe(2);
  });

  it('begins a new epoch and an empty log where the meta hash is lost', async () => {
    const channel = unique('room:');
    const before = await append(channel);
    await append(channel);
    await operator.del(channelKeys(channel).meta);
    const after = await append(channel);
    expect(after.offset).toBe(1);
    expect(after.epoch).not.toBe(before.epoch);
    expect((await peek(channel)).afterCursor.map(({ offset }) => offset)).toEqual([1]);
  });

  it('begins a new epoch where the meta hash is behind the log', async () => {
    const channel = unique('room:');
    const before = await append(channel);
    for (let index = 0; index < 5; index++) await append(channel);
    await operator.hset(channelKeys(channel).meta, 'top', 2);
    const after = await append(channel);
    expect(after).toMatchObject({ offset: 3, result: 'appended' });
    expect(after.epoch).not.toBe(before.epoch);
  });

  it('takes several publications in their order, and answers each in its place', async () => {
    const channel = unique('room:');
    const known = unique('key');
    const first = await append(channel, known);
    const publications = [unique('key'), known, 'twice', 'twice', unique('key')].map((idempotencyKey, n) => ({
      text: `{"data":${n}}`,
      idempotencyKey,
      version: n === 4 ? 1 : n + 1,
    }));
    const results = await channels.append(channel, publications, RETENTION);
    expect(results.map(({ result, offset }) => [result, offset])).toEqual([
      ['appended', 2],
      ['repeated', 1],
      ['appended', 3],
      ['repeated', 3],
      ['outdated', 3],
    ]);
    expect(new Set(results.map(({ epoch }) => epoch))).toEqual(new Set([first.epoch]));
    const { afterCursor } = await peek(channel);
    expect(afterCursor.map(({ publication }) => publication)).toEqual([
      '{"data":"x"}',
      '{"data":0}',
      '{"data":2}',
    ]);
  });

  it('keeps about as many entries as asked', async () => {
    const channel = unique('room:');
    for (let index = 0; index < 450; index++) {
      await channels.append(channel, [{ text: '{"data":1}', idempotencyKey: unique('key') }], {
        entries: 100,
        seconds: 600,
      });
    }
    const length = await operator.xlen(channelKeys(channel).log);
    expect(length).toBeGreaterThanOrEqual(100);
    expect(length).toBeLessThan(301);
  });
});

describe('place and vacate', () => {
  it('fills partitions of 500 from the lowest and reuses places', async () => {
    const channel = unique('room:');
    const taken = await Promise.all(
      Array.from({ length: 502 }, async () => (await channels.place(channel, undefined)).partition),
    );
    expect(taken.filter((partition) => partition === 0)).toHaveLength(500);
    expect(taken.filter((partition) => partition === 1)).toHaveLength(2);
    expect((await append(channel)).partitions).toBe(2);
    await channels.vacate(channel, 0, 1);
    expect((await channels.place(channel, undefined)).partition).toBe(0);
    expect((await channels.place(channel, undefined)).partition).toBe(1);
  });

  it('reads what follows a position in the same step', async () => {
    const channel = unique('room:');
    for (let index = 0; index < 4; index++) await append(channel);
    const place = await channels.place(channel, 2);
    expect(place.top).toBe(4);
    expect(place.entries).toEqual([
      { offset: 3, publication: '{"data":"x"}', tag: expect.any(String) as string },
      { offset: 4, publication: '{"data":"x"}', tag: place.tag },
    ]);
  });
});

describe('read', () => {
  it('answers entries after the cursor and those of the member behind it', async () => {
    const channel = unique('room:');
    for (let index = 0; index < 6; index++) await append(channel);
    const log = await peek(channel, 4, 2);
    expect(log.top).toBe(6);
    expect(log.afterCursor.map(({ offset }) => offset)).toEqual([5, 6]);
    expect(log.beforeCursor.map(({ offset }) => offset)).toEqual([3, 4]);
  });

  it('finds that a drain read before which the partition knows nothing of', async () => {
    const channel = unique('room:');
    await append(channel);
    const read = async (token: string, last: string) =>
      (await channels.read(channel, reader(token, last), 0, undefined)).clean;
    expect(await read('t', '*')).toBe(true);
    expect(await read('t', '*')).toBe(true);
    expect(await read('u', 't')).toBe(true);
    expect(await read('v', 't')).toBe(false);
    expect(await read('w', 'v')).toBe(true);
  });

  it('minds no unknown reader where there is nothing to post', async () => {
    const channel = unique('room:');
    await append(channel);
    await channels.read(channel, reader('t'), 0, undefined);
    expect((await channels.read(channel, reader('v', 'u'), 1, undefined)).clean).toBe(true);
    expect((await channels.read(channel, reader('w', 'v'), 0, undefined)).clean).toBe(true);
  });
});

describe('a log that a failover set back', () => {
  /** Three publications of which subscribers saw all, then the channel's slot as it was after `kept` of them. */
  async function setBack(kept: number) {
    const channel = unique('room:');
    const { meta, log } = channelKeys(channel);
    const first = await append(channel);
    const states: (readonly [Buffer | null, Buffer | null])[] = [];
    for (let count = 1; count <= 3; count++) {
      states.push([await operator.dumpBuffer(meta), await operator.dumpBuffer(log)]);
      if (count < 3) await append(channel);
    }
    const { epoch, top: offset, tag } = await channels.place(channel, undefined);
    await channels.witness(channel, epoch, { offset, tag });
    const [metaDump, logDump] = states[kept - 1] ?? [null, null];
    if (metaDump === null || logDump === null) throw new Error('no dump');
    await operator.restore(meta, 60_000, metaDump, 'REPLACE');
    await operator.restore(log, 60_000, logDump, 'REPLACE');
    return { channel, epoch: first.epoch };
  }

  /** Reads the log as a subscribe does, and is about to show it. */
  async function show(channel: string) {
    const { epoch, top: offset, tag } = await channels.place(channel, undefined);
    return { epoch, shown: await channels.witness(channel, epoch, { offset, tag }) };
  }

  it.each([1, 2])(
    'is shown to nobody where %i of 3 are left, and goes on under a younger epoch',
    async (kept) => {
      const { channel, epoch } = await setBack(kept);
      expect(await show(channel)).toEqual({ epoch, shown: false });
      const renewed = await show(channel);
      expect(renewed.shown).toBe(true);
      expect(renewed.epoch > epoch).toBe(true);
      expect(await append(channel)).toMatchObject({ offset: kept + 1, epoch: renewed.epoch });
    },
  );

  it.each([0, 1, 2, 3])('is found out where %i others were appended since', async (others) => {
    const { channel, epoch } = await setBack(1);
    for (let count = 0; count < others; count++) await append(channel);
    expect(await show(channel)).toEqual({ epoch, shown: false });
    expect(await show(channel)).toMatchObject({ shown: true });
  });

  it('goes on where nothing is lost', async () => {
    const { channel, epoch } = await setBack(3);
    expect(await append(channel)).toMatchObject({ offset: 4, epoch });
    expect(await show(channel)).toEqual({ epoch, shown: true });
  });

  it('is found out where it is of a former epoch', async () => {
    const { channel, epoch } = await setBack(3);
    const { meta } = channelKeys(channel);
    await operator.hset(meta, 'epoch', '1.old');
    expect(await show(channel)).toEqual({ epoch: '1.old', shown: false });
    const renewed = await show(channel);
    expect(renewed.shown).toBe(true);
    expect(renewed.epoch > epoch).toBe(true);
  });

  it('counts a trimmed entry as held', async () => {
    const { channel, epoch } = await setBack(3);
    await append(channel);
    await operator.xtrim(channelKeys(channel).log, 'MAXLEN', 1);
    expect(await show(channel)).toEqual({ epoch, shown: true });
  });

  it('takes an entry that was read with it for a proof', async () => {
    const { channel, epoch } = await setBack(3);
    await append(channel);
    const { top: offset, tag, entries } = await channels.place(channel, 2);
    await operator.del(channelKeys(channel).meta);
    expect(await channels.witness(channel, epoch, { offset, tag }, entries)).toBe(true);
    const forged = entries.map((entry) => ({ ...entry, tag: 'x' }));
    expect(await channels.witness(channel, epoch, { offset: 3, tag: 'x' }, forged)).toBe(false);
  });

  it('keeps the newest position of an epoch as its witness', async () => {
    const channel = unique('room:');
    const [, two, three] = [1, 2, 3].map((offset) => ({ offset, tag: `t${offset}` }));
    if (!two || !three) throw new Error('no positions');
    expect(await channels.witness(channel, 'e', three)).toBe(true);
    expect(await channels.witness(channel, 'e', two, [three])).toBe(true);
    expect(await operator.get(witnessKey(channel))).toBe('e|3|t3');
  });

  it('moves the witness on to a younger epoch and not back', async () => {
    const channel = unique('room:');
    const [older, younger] = [newEpoch(1_700_000_000_000), newEpoch(1_700_000_000_001)];
    expect(await channels.witness(channel, older, { offset: 9, tag: 'a' })).toBe(true);
    expect(await channels.witness(channel, younger, { offset: 2, tag: 'b' })).toBe(true);
    expect(await channels.witness(channel, older, { offset: 9, tag: 'a' })).toBe(false);
    expect(await operator.get(witnessKey(channel))).toBe(`${younger}|2|b`);
  });
});

describe('a new epoch', () => {
  it('is younger than the one that it follows, whatever the clocks say', () => {
    const former = newEpoch(1_700_000_000_000);
    expect(newEpoch(1_600_000_000_000, former) > former).toBe(true);
    expect(newEpoch(1_800_000_000_000, former) > former).toBe(true);
  });
});

describe('versions', () => {
  it('append only what is above the last one of their epoch', async () => {
    const channel = unique('room:');
    const publish = async (version: number, versionEpoch?: string) =>
      (await append(channel, unique('key'), { version, versionEpoch })).result;
    expect(await publish(5)).toBe('appended');
    expect(await publish(5)).toBe('outdated');
    expect(await publish(4)).toBe('outdated');
    expect(await publish(6)).toBe('appended');
    expect(await publish(1, 'b')).toBe('appended');
    expect((await append(channel)).result).toBe('appended');
    expect(await append(channel, unique('key'), { version: 1, versionEpoch: 'b' })).toMatchObject({
      result: 'outdated',
      offset: 4,
    });
  });
});

describe('join, activate and leave', () => {
  const position = { epoch: 'e', top: 3 };

  it('activates at the cursor, and behind with a wake where publications passed', async () => {
    const channel = unique('room:');
    await partitions.join(channel, 0, pending('a', 3), position);
    await partitions.join(channel, 0, pending('b', 2), position);
    await partitions.begin(channel, 0, 's', 1, 2);
    await partitions.commit(channel, 0, 's', 1, {
      epoch: 'e',
      cursor: 3,
      posted: false,
      changes: [],
      removals: [],
    });
    expect(await partitions.activate(channel, 0, 'a', 'n1', 1)).toBe('active');
    expect(await partitions.activate(channel, 0, 'b', 'n1', 1)).toBe('wake');
    const begun = await partitions.begin(channel, 0, 't', 1, 2);
    expect(begun).toMatchObject({
      result: 'held',
      view: {
        epoch: 'e',
        cursor: 3,
        unclean: false,
        members: [
          { connection: 'a', state: 'active' },
          { connection: 'b', state: 'behind', offset: 2 },
        ],
      },
    });
  });

  it('activates with a wake in a partition that no drain has seen yet', async () => {
    const channel = unique('room:');
    await partitions.join(channel, 0, pending('a', 3), position);
    expect(await partitions.activate(channel, 0, 'a', 'n1', 1)).toBe('wake');
    await partitions.begin(channel, 0, 't', 1, 2);
    const unchanged = { epoch: 'e', cursor: 3, posted: false, changes: [], removals: [] };
    await partitions.commit(channel, 0, 't', 2, unchanged);
    expect(await partitions.activate(channel, 0, 'a', 'n1', 3)).toBe('active');
  });

  it('activates behind, without a wake, while a drain holds another view', async () => {
    const channel = unique('room:');
    await partitions.join(channel, 0, pending('a', 3), position);
    await partitions.begin(channel, 0, 't', 100, 200);
    expect(await partitions.activate(channel, 0, 'a', 'n1', 150)).toBe('active');
    const committed = await partitions.commit(channel, 0, 't', 160, {
      epoch: 'e',
      cursor: 5,
      posted: false,
      changes: [],
      removals: [],
    });
    expect(committed).toEqual({ result: 'committed', dirty: true, removed: 0 });
    const begun = await partitions.begin(channel, 0, 'u', 170, 270);
    expect(begun).toMatchObject({ view: { cursor: 5, members: [{ state: 'behind', offset: 3 }] } });
  });

  it('refuses a join of another epoch', async () => {
    const channel = unique('room:');
    await partitions.join(channel, 0, pending('a', 3), position);
    expect(await partitions.join(channel, 0, pending('b', 0), { epoch: 'f', top: 0 })).toBe('epoch');
  });

  it('removes only the subscription that is named', async () => {
    const channel = unique('room:');
    await partitions.join(channel, 0, pending('a', 3, 'new'), position);
    expect(await partitions.leave(channel, 0, 'a', 'old')).toBe('absent');
    expect(await partitions.activate(channel, 0, 'a', 'old', 1)).toBe('missing');
    expect(await partitions.has(channel, 0, 'a', 'old')).toBe(false);
    expect(await partitions.has(channel, 0, 'a', 'new')).toBe(true);
    expect(await partitions.leave(channel, 0, 'a', 'new')).toBe('removed');
    expect(await partitions.leave(channel, 0, 'a', 'new')).toBe('absent');
  });

  it('lets no member go whom a drain may be posting to, and none come in its place', async () => {
    const channel = unique('room:');
    await partitions.join(channel, 0, pending('a', 3), position);
    await partitions.activate(channel, 0, 'a', 'n1', 1);
    await partitions.begin(channel, 0, 't', 100, 200);
    expect(await partitions.leave(channel, 0, 'a', 'n1')).toBe('kept');
    expect(await partitions.join(channel, 0, pending('a', 3, 'n2'), position)).toBe('busy');
    const known = { epoch: 'e', cursor: 3, posted: true, changes: [], removals: [] };
    expect(await partitions.commit(channel, 0, 't', 110, known)).toMatchObject({ removed: 1 });
    expect(await partitions.leave(channel, 0, 'a', 'n1')).toBe('absent');
    expect(await partitions.join(channel, 0, pending('a', 3, 'n2'), position)).toBe('joined');
  });

  it('keeps a member that left for its close where nobody knows what it got', async () => {
    const channel = unique('room:');
    await partitions.join(channel, 0, pending('a', 3), position);
    await partitions.begin(channel, 0, 't', 100, 200);
    await partitions.leave(channel, 0, 'a', 'n1');
    const closing: Member = { ...pending('a', 3), state: 'closing', until: 0 };
    const doubt = { epoch: 'e', cursor: 3, posted: true, changes: [closing], removals: [] };
    expect(await partitions.commit(channel, 0, 't', 110, doubt)).toMatchObject({ removed: 0 });
    expect(await partitions.leave(channel, 0, 'a', 'n1')).toBe('kept');
    expect(await partitions.join(channel, 0, pending('a', 3, 'n2'), position)).toBe('busy');
  });
});

describe('land', () => {
  const flying: Member = { ...pending('a', 3), state: 'flying', until: 900 };
  const landed: Member = { ...flying, state: 'behind', offset: 5, until: 0 };
  const flight = async () => {
    const channel = unique('room:');
    await partitions.join(channel, 0, pending('a', 3), { epoch: 'e', top: 3 });
    await partitions.begin(channel, 0, 't', 1, 100);
    const commit = { epoch: 'e', cursor: 5, posted: true, changes: [flying], removals: [] };
    await partitions.commit(channel, 0, 't', 2, commit);
    return channel;
  };
  const stateOf = async (channel: string) =>
    (await operator.hget(partitionKey(channel, 0), 'm:a'))?.split('|').slice(1, 4);

  it('settles a post that took longer than its round, once or again', async () => {
    const channel = await flight();
    expect(await partitions.land(channel, 0, 3, flying, landed)).toBe('landed');
    expect(await partitions.land(channel, 0, 3, flying, landed)).toBe('landed');
    expect(await stateOf(channel)).toEqual(['b', '5', '0']);
  });

  it('removes who is gone, and who left meanwhile', async () => {
    const gone = await flight();
    expect(await partitions.land(gone, 0, 3, flying, undefined)).toBe('removed');
    const left = await flight();
    expect(await partitions.leave(left, 0, 'a', 'n1')).toBe('kept');
    expect(await partitions.land(left, 0, 3, flying, landed)).toBe('removed');
  });

  it('keeps who left for its close where nobody knows what it got', async () => {
    const channel = await flight();
    await partitions.leave(channel, 0, 'a', 'n1');
    expect(await stateOf(channel)).toEqual(['l', '', '900']);
    const closing: Member = { ...flying, state: 'closing', until: 0 };
    expect(await partitions.land(channel, 0, 3, flying, closing)).toBe('landed');
    expect(await stateOf(channel)).toEqual(['x', '3', '0']);
  });

  it('changes no member that is another or not in flight any more', async () => {
    const channel = await flight();
    expect(await partitions.land(channel, 0, 3, { connection: 'a', nonce: 'n2' }, landed)).toBe('absent');
    await partitions.land(channel, 0, 3, flying, landed);
    expect(await partitions.land(channel, 0, 3, flying, undefined)).toBe('absent');
  });
});

describe('begin, announce and commit', () => {
  const commit = { epoch: 'e', cursor: 1, posted: true, changes: [], removals: [] };
  const partition = async () => {
    const channel = unique('room:');
    await partitions.join(channel, 0, pending('a', 0), { epoch: 'e', top: 0 });
    return channel;
  };

  it('finds no partition where none was joined', async () => {
    expect(await partitions.begin(unique('room:'), 0, 't', 1, 2)).toEqual({ result: 'none' });
  });

  it('has one holder, which learns that another came', async () => {
    const channel = await partition();
    expect((await partitions.begin(channel, 0, 't', 100, 200)).result).toBe('held');
    expect((await partitions.begin(channel, 0, 'u', 150, 250)).result).toBe('busy');
    expect(await partitions.commit(channel, 0, 'u', 150, commit)).toEqual({ result: 'lost' });
    expect(await partitions.announce(channel, 0, 'u', 1)).toBe(false);
    expect(await partitions.commit(channel, 0, 't', 160, commit)).toMatchObject({ dirty: true });
  });

  it('shows the next holder that posts were in flight', async () => {
    const channel = await partition();
    await partitions.begin(channel, 0, 't', 100, 200);
    expect(await partitions.announce(channel, 0, 't', 1)).toBe(true);
    expect(await partitions.begin(channel, 0, 'u', 201, 300)).toMatchObject({ view: { unclean: true } });
    expect(await partitions.commit(channel, 0, 't', 202, commit)).toEqual({ result: 'lost' });
    await partitions.commit(channel, 0, 'u', 210, commit);
    expect(await partitions.begin(channel, 0, 'v', 220, 300)).toMatchObject({ view: { unclean: false } });
  });

  it('closes a member that was to become stale and was activated meanwhile', async () => {
    const channel = await partition();
    await partitions.begin(channel, 0, 't', 100, 200);
    await partitions.activate(channel, 0, 'a', 'n1', 110);
    const stale: Member = { ...pending('a', 0), state: 'stale' };
    await partitions.commit(channel, 0, 't', 120, { ...commit, epoch: 'f', changes: [stale] });
    expect(await partitions.begin(channel, 0, 'u', 130, 200)).toMatchObject({
      view: { epoch: 'f', members: [{ state: 'closing' }] },
    });
  });

  it('changes and removes members by nonce', async () => {
    const channel = await partition();
    await partitions.begin(channel, 0, 't', 100, 200);
    const other = pending('a', 0, 'other');
    expect(await partitions.commit(channel, 0, 't', 110, { ...commit, removals: [other] })).toMatchObject({
      removed: 0,
    });
    await partitions.begin(channel, 0, 'u', 120, 200);
    expect(
      await partitions.commit(channel, 0, 'u', 130, { ...commit, removals: [pending('a', 0)] }),
    ).toMatchObject({ removed: 1 });
  });
});

describe('mark', () => {
  it('asks for one wake in two seconds, for none while a drain runs, and makes no partition', async () => {
    const channel = unique('room:');
    expect(await partitions.mark(channel, 1, 1000, WAKE_RENEWAL_MS)).toBe(false);
    expect(await operator.exists(partitionKey(channel, 1))).toBe(0);
    await partitions.join(channel, 1, pending('a', 0), { epoch: 'e', top: 0 });
    expect(await partitions.mark(channel, 1, 1000, WAKE_RENEWAL_MS)).toBe(true);
    expect(await partitions.mark(channel, 1, 2500, WAKE_RENEWAL_MS)).toBe(false);
    expect(await partitions.mark(channel, 1, 3100, WAKE_RENEWAL_MS)).toBe(true);
    await partitions.begin(channel, 1, 't', 3200, 4000);
    expect(await partitions.mark(channel, 1, 3300, WAKE_RENEWAL_MS)).toBe(false);
  });
});

describe('connections', () => {
  const alice = { user: 'alice', expiresAt: 7, channels: ['room:a'] };

  it('keeps what a handshake token says and takes one connect command', async () => {
    const id = unique('c');
    expect(await connections.openedAt(id)).toBeUndefined();
    expect(await connections.open(id, alice)).toBe(true);
    expect(await connections.openedAt(id)).toBeGreaterThan(Date.now() - 60_000);
    expect(await connections.connect(id, alice, 'x')).toBe('connected');
    expect(await connections.connect(id, alice, 'x')).toBe('connected');
    expect(await connections.connect(id, alice, 'y')).toBe('repeated');
  });

  it('never opens again what was closed, in whichever order the events come', async () => {
    const id = unique('c');
    await connections.close(id);
    expect(await connections.open(id, undefined)).toBe(false);
    expect(await connections.connect(id, alice, 'x')).toBe('closed');
    expect(await connections.hold(id, 'room:a', 'n', 1)).toBe('closed');
    expect(await operator.ttl(connectionKey(id))).toBeGreaterThan(0);
  });

  it('holds a channel once, until it is dropped by its own nonce', async () => {
    const id = unique('c');
    await connections.open(id, alice);
    expect(await connections.hold(id, 'room:a', 'n', 1)).toBe('held');
    expect(await connections.hold(id, 'room:a', 'n', 1)).toBe('held');
    expect(await connections.hold(id, 'room:a', 'm', 1)).toBe('leaving');
    expect(
      await connections.settle(id, { channel: 'room:a', partition: 3, nonce: 'm', traits: NO_TRAITS }, 7),
    ).toBe('lost');
    expect(
      await connections.settle(id, { channel: 'room:a', partition: 3, nonce: 'n', traits: NO_TRAITS }, 7),
    ).toBe('settled');
    expect(await connections.hold(id, 'room:a', 'm', 2 + HOLD_MS)).toBe('subscribed');
    expect(await connections.drop(id, 'room:a', 'm')).toBe('other');
    const left = { channel: 'room:a', partition: 3, nonce: 'n', traits: NO_TRAITS, stage: 'leaving' };
    expect(await connections.leave(id, 'room:a', 400)).toMatchObject(left);
    expect(await connections.leave(id, 'room:a', 500)).toMatchObject(left);
    expect(await connections.hold(id, 'room:a', 'm', 499)).toBe('leaving');
    expect(await connections.hold(id, 'room:a', 'm', 501)).toBe('held');
    expect(await connections.drop(id, 'room:a', 'm')).toBe('dropped');
    expect(await connections.drop(id, 'room:a', 'm')).toBe('absent');
    expect(await connections.leave(id, 'room:a', 1)).toBeUndefined();
  });

  it('frees a channel whose hold was never settled', async () => {
    const id = unique('c');
    await connections.open(id, alice);
    await connections.hold(id, 'room:a', 'n', 1);
    expect(await connections.hold(id, 'room:a', 'm', HOLD_MS)).toBe('leaving');
    expect(await connections.hold(id, 'room:a', 'm', 1 + HOLD_MS)).toBe('held');
    expect(
      await connections.settle(id, { channel: 'room:a', partition: 3, nonce: 'n', traits: NO_TRAITS }, 7),
    ).toBe('lost');
    expect(await connections.leave(id, 'room:a', 1)).toMatchObject({ partition: undefined, nonce: 'm' });
    expect(await connections.drop(id, 'room:a', 'm')).toBe('dropped');
  });

  it('limits the channels of one connection', async () => {
    const id = unique('c');
    await connections.open(id, alice);
    for (let index = 0; index < 128; index++) {
      expect(await connections.hold(id, `room:${index}`, 'n', 1)).toBe('held');
    }
    expect(await connections.hold(id, 'room:more', 'n', 1)).toBe('limit');
  });

  it.each([1, 130])('limits them to %i where that is configured', async (limit) => {
    const { connections: configured } = storesOn(scripts, systemClock, { maxSubscriptions: limit });
    const id = unique('c');
    await configured.open(id, alice);
    for (let index = 0; index < limit; index++) {
      expect(await configured.hold(id, `room:${index}`, 'n', 1)).toBe('held');
    }
    expect(await configured.hold(id, 'room:more', 'n', 1)).toBe('limit');
  });

  it('answers at a close what the connection was a member of', async () => {
    const id = unique('c');
    await connections.open(id, alice);
    await connections.hold(id, 'room:a', 'n', 1);
    const traits = { ...NO_TRAITS, presence: true, serverSide: true, expiresAt: 1_800_000_000 };
    await connections.settle(id, { channel: 'room:a', partition: 2, nonce: 'n', traits }, 7);
    await connections.hold(id, 'room:b', 'm', 1);
    const { memberships } = await connections.close(id);
    expect(memberships).toMatchObject([
      { channel: 'room:a', partition: 2, nonce: 'n', traits },
      { channel: 'room:b', partition: undefined, nonce: 'm', stage: 'held' },
    ]);
    expect((await connections.close(id)).memberships).toEqual(memberships);
    expect(
      await connections.settle(id, { channel: 'room:b', partition: 0, nonce: 'm', traits: NO_TRAITS }, 7),
    ).toBe('lost');
  });

  it('numbers envelopes, and makes no hash by counting', async () => {
    const id = unique('c');
    expect(await connections.nextSeq(id)).toBe(0);
    await connections.open(id, alice);
    expect([await connections.nextSeq(id), await connections.nextSeq(id)]).toEqual([1, 2]);
  });
});
