import { IDEMPOTENCY_WINDOW_SECONDS } from '../../../lambdas/contract/delivery';
import { POST_TIMEOUT_MS } from '../../../lambdas/gateway/core/adapters/aws/signed-poster';
import { parseMessage } from '../../../lambdas/gateway/core/delivery/messages';
import { STALE_AFTER_MS } from '../../../lambdas/gateway/core/delivery/refusals';
import { COURIER_BUDGET_MS, LOCK_MS, POST_RESERVE_MS } from '../../../lambdas/gateway/core/delivery/times';
import { courierWorld, delivery, idsOf, record, replyTo, wake } from './courier-world';

describe('Courier', () => {
  it('appends a channel in order, drains it once and then answers, a connection in one frame', async () => {
    const { courier, sent, appended, drained, steps } = courierWorld();
    const reply = { client: 'c', id: 4, kind: 'rpc', data: { ok: true } };
    const records = [
      record(delivery('room:a', { data: 1, reply: replyTo('c', 3) }), 'a'),
      record(delivery('room:a', { data: 2, reply }), 'a'),
      record(wake('room:a')),
    ];
    expect(await courier.handle(records)).toEqual([]);
    expect(appended).toEqual(['{"data":1}', '{"data":2}']);
    expect(drained).toEqual(['hf1:{p0:room:a}']);
    expect(steps).toEqual(['append', 'append', 'post']);
    expect(sent('c')).toEqual([
      [
        { id: 3, publish: {} },
        { id: 4, rpc: { data: { ok: true, offset: 2, epoch: 'e' } } },
      ],
    ]);
  });

  it('leaves the drain of a channel to a wake where its batch came full: more waits behind it', async () => {
    const { courier, appended, drained, wakes, state } = courierWorld();
    state.partitions = '2';
    const records = Array.from({ length: 10 }, () => record(delivery('room:a'), 'a'));
    expect(await courier.handle(records)).toEqual([]);
    expect(appended).toHaveLength(10);
    expect(drained).toEqual([]);
    expect(
      wakes.map(({ wake, delaySeconds }) => ['partition' in wake && wake.partition, delaySeconds]),
    ).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it.each([
    ['is not full', Array.from({ length: 9 }, () => 'room:a'), 1],
    ['has one publication of each channel', Array.from({ length: 10 }, (_, n) => `room:${n}`), 10],
  ])('drains at once where a batch %s', async (_, names, drains) => {
    const { courier, drained, wakes, state } = courierWorld();
    state.partitions = '1';
    expect(await courier.handle(names.map((name) => record(delivery(name), name)))).toEqual([]);
    expect(drained).toHaveLength(drains);
    expect(wakes).toEqual([]);
  });

  it('asks for everything again while Redis is away', async () => {
    const { courier, failing, letters } = courierWorld();
    failing.add('hf1append').add('hf1begin');
    const records = [
      record(delivery('room:a'), 'a'),
      record(delivery('room:a'), 'a'),
      record(wake('room:b', 1)),
    ];
    expect(await courier.handle(records)).toEqual(idsOf(records));
    expect(letters).toEqual([]);
  });
});

describe('a delivery that waited longer than idempotency keys are remembered', () => {
  const publishedAt = Date.now() - STALE_AFTER_MS - 1_000;

  it('is appended where it comes for the first time: a backlog loses nothing', async () => {
    const { courier, letters, appended } = courierWorld();
    const waited = record(delivery('room:a', { publishedAt }), 'a', { sentAt: publishedAt + 50 });
    expect(await courier.handle([waited])).toEqual([]);
    expect(appended).toHaveLength(1);
    expect(letters).toEqual([]);
  });

  it.each([
    ['again', { receives: 2, sentAt: publishedAt + 50 }],
    ['by a redrive', { receives: 1, sentAt: Date.now() }],
  ])('is put aside where it comes %s, and the log cannot tell whether it has it', async (_, more) => {
    const { courier, letters, appended } = courierWorld();
    expect(await courier.handle([record(delivery('room:a', { publishedAt }), 'a', more)])).toEqual([]);
    expect(appended).toEqual([]);
    expect(letters).toMatchObject([{ kind: 'stale' }]);
  });

  it.each(['redriven', 'forced'] as const)(
    'is appended where it is %s and the log does not have it, and answers nobody',
    async (redriven) => {
      const { courier, state, letters, appended, frames } = courierWorld();
      state.unproven = redriven === 'forced';
      const letter = delivery('room:a', { publishedAt, reply: replyTo('c', 1) });
      expect(await courier.handle([record(letter, 'a', { redriven })])).toEqual([]);
      expect(appended).toHaveLength(1);
      expect([letters, frames]).toEqual([[], []]);
    },
  );

  it('answers nobody either where it is refused again', async () => {
    const { courier, letters, frames } = courierWorld();
    const letter = delivery('none:a', { publishedAt, reply: replyTo('c', 1) });
    expect(await courier.handle([record(letter, 'a', { redriven: 'redriven' })])).toEqual([]);
    expect(letters).toMatchObject([{ kind: 'unknown-namespace' }]);
    expect(frames).toEqual([]);
  });
});

describe('a delivery that can never be appended', () => {
  const old = Date.now() - STALE_AFTER_MS - 1_000;
  it.each([
    [
      'of an unknown namespace',
      delivery('secret:a', { reply: replyTo('c', 1) }),
      {
        kind: 'unknown-namespace',
        code: 102,
        reason: 'namespace: expected one that is registered, got another',
      },
    ],
    [
      'that is too large',
      delivery('room:a', { data: 'secret'.repeat(25_000), reply: replyTo('c', 1) }),
      { kind: 'too-large', code: 107, reason: 'publication: expected at most 122880 bytes, got 150011' },
    ],
    [
      'of another version',
      delivery('room:a', { v: 2, data: 'secret', reply: replyTo('c', 1) }),
      { kind: 'unreadable', code: 107, reason: 'v: expected 1, got number' },
    ],
    [
      'older than the memory of idempotency keys',
      delivery('room:a', { publishedAt: old, reply: replyTo('c', 1) }),
      {
        kind: 'stale',
        code: 110,
        reason: 'log: expected it to reach back to a publication older than 280 s, got a younger one',
      },
    ],
  ])('%s is answered, put aside and acknowledged, and its group goes on', async (_, body, expected) => {
    const { courier, sent, lines, letters, appended } = courierWorld();
    const records = [record(delivery('room:a'), 'a'), record(body, 'a'), record(delivery('room:a'), 'a')];
    expect(await courier.handle(records)).toEqual([]);
    expect(appended).toHaveLength(2);
    expect(sent('c')).toEqual([[{ id: 1, error: expect.objectContaining({ code: expected.code }) }]]);
    const bad = records[1];
    expect(letters).toEqual([{ id: bad?.messageId, body: bad?.body, group: 'a', kind: expected.kind }]);
    expect(lines).toEqual([
      {
        message: 'delivery refused',
        fields: expect.objectContaining({ messageId: bad?.messageId, ...expected }),
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('is put aside where it is no JSON, and answers nobody', async () => {
    const { courier, frames, letters } = courierWorld();
    expect(await courier.handle([record('x', 'a')])).toEqual([]);
    expect(letters).toMatchObject([{ body: 'x', group: 'a', kind: 'unreadable' }]);
    expect(frames).toEqual([]);
  });

  it('comes again, with what follows it in its group, where it cannot be put aside', async () => {
    const { courier, failing, frames } = courierWorld();
    failing.add('letters');
    const records = [
      record(delivery('room:a'), 'a'),
      record(delivery('room:a', { traceparent: 'none', reply: replyTo('c', 1) }), 'a'),
      record(delivery('room:b'), 'b'),
      record(delivery('room:a'), 'a'),
    ];
    expect(await courier.handle(records)).toEqual([records[1]?.messageId, records[3]?.messageId]);
    expect(frames).toEqual([]);
  });

  it('is not meant where nobody knows whether the namespace exists', async () => {
    const { courier, failing, letters } = courierWorld();
    failing.add('registry');
    const records = [record('x', 'a'), record(delivery('none:a'), 'a'), record(delivery('room:a'), 'a')];
    expect(await courier.handle(records)).toEqual(idsOf(records.slice(1)));
    expect(letters).toMatchObject([{ id: records[0]?.messageId, kind: 'unreadable' }]);
  });

  it('is left to its own queue where it is a wake', async () => {
    const { courier, letters } = courierWorld();
    const bad = record({ v: 1, type: 'drain', channel: 'room:a', partition: -1 });
    expect(await courier.handle([bad])).toEqual([bad.messageId]);
    expect(letters).toEqual([]);
  });
});

describe('what fails after an append', () => {
  it('is left to a wake, and the message is acknowledged', async () => {
    const { courier, failing, wakes, sent } = courierWorld();
    failing.add('hf1begin');
    expect(await courier.handle([record(delivery('room:a', { reply: replyTo('c', 1) }), 'a')])).toEqual([]);
    expect(wakes).toEqual([{ wake: wake('room:a'), delaySeconds: 1 }]);
    expect(sent('c')).toEqual([[{ id: 1, publish: {} }]]);
  });

  it('comes again where the wake cannot be sent either', async () => {
    const { courier, failing } = courierWorld();
    failing.add('hf1:{p0:room:a}').add('wakes');
    const records = [record(delivery('room:a'), 'a'), record(delivery('room:b'), 'b')];
    expect(await courier.handle(records)).toEqual([records[0]?.messageId]);
  });

  it('wakes the other partitions where they cannot be marked', async () => {
    const { courier, failing, wakes, state } = courierWorld();
    state.partitions = '3';
    failing.add('hf1mark');
    expect(await courier.handle([record(delivery('room:a'), 'a')])).toEqual([]);
    expect(wakes.map(({ wake }) => wake)).toMatchObject([{ partition: 1 }, { partition: 2 }]);
  });

  it('is not passed on by a wake without end', async () => {
    const { courier, failing, wakes } = courierWorld();
    failing.add('hf1begin');
    const asked = record(wake('room:a'));
    expect(await courier.handle([asked])).toEqual([asked.messageId]);
    expect(wakes).toEqual([]);
  });
});

describe('replies', () => {
  const publications = (connections: readonly string[], data: object = {}) =>
    connections.map((client, index) =>
      record(delivery('room:a', { reply: { client, id: index + 1, kind: 'rpc', data } }), 'a'),
    );

  it.each(['gone', 'unknown'] as const)('end for a connection that is %s, and no other', async (outcome) => {
    const { courier, sent, outcomes } = courierWorld();
    outcomes.set('c', outcome);
    const large = { text: 'x'.repeat(20_000) };
    expect(await courier.handle(publications(['c', 'c', 'c', 'd', 'd'], large))).toEqual([]);
    expect(sent('c')).toHaveLength(1);
    expect(sent('d')).toHaveLength(2);
  });

  it('are counted by connection, but those of rpcs, which ingress has counted', async () => {
    const { courier, counted, frames } = courierWorld();
    const publishes = ['c', 'c', 'd'].map((client, index) =>
      record(delivery('room:a', { reply: replyTo(client, index + 10) }), 'a'),
    );
    expect(await courier.handle([...publishes, ...publications(['d', 'e'])])).toEqual([]);
    expect(frames).toHaveLength(3);
    expect(counted).toEqual([2]);
  });

  it('begin within the budget of the batch', async () => {
    const { courier, frames, lines, state } = courierWorld();
    state.postMs = COURIER_BUDGET_MS;
    const large = { text: 'x'.repeat(20_000) };
    expect(await courier.handle(publications(['c', 'c', 'c'], large))).toEqual([]);
    expect(frames).toHaveLength(1);
    expect(lines).toContainEqual({
      message: 'replies of publications not posted',
      fields: { connection: 'c', outcome: 'late' },
    });
  });
});

describe('parseMessage', () => {
  it.each([
    ['x', 'body: expected JSON, got text that is none'],
    ['{}', 'type: expected ("publication" |'],
    [JSON.stringify(delivery('room:{a}')), 'channel: expected a channel name, got string'],
    [JSON.stringify(delivery('room:a', { v: 2 })), 'v: expected 1, got number'],
    [JSON.stringify(delivery('room:a', { idempotencyKey: '' })), 'idempotencyKey: expected'],
    [JSON.stringify(delivery('room:a', { data: undefined })), 'data: expected'],
    [
      JSON.stringify(delivery('room:a', { publishedAt: 1.5 })),
      'publishedAt: expected an integer, got number',
    ],
    [JSON.stringify(delivery('room:a', { publishedAt: undefined })), 'publishedAt: expected'],
    [JSON.stringify(delivery('room:a', { version: 0 })), 'version: expected'],
    [JSON.stringify(delivery('room:a', { version: 1.5 })), 'version: expected an integer, got number'],
    [JSON.stringify(delivery('room:a', { version: 2 ** 53 })), 'version: expected'],
    [JSON.stringify(delivery('room:a', { versionEpoch: 'e'.repeat(129) })), 'versionEpoch: expected'],
    ['{"v":1,"type":"drain","channel":"a","partition":-1}', 'partition: expected'],
  ])('says what is wrong with %.50s', (body, reason) => {
    expect(parseMessage(body)).toEqual({ type: 'unreadable', reason: expect.stringContaining(reason) });
  });

  it('reads a version and what it is compared within', () => {
    const versioned = delivery('room:a', { version: 2 ** 53 - 1, versionEpoch: 'e'.repeat(128) });
    expect(parseMessage(JSON.stringify(versioned))).toEqual(versioned);
  });

  it('takes 64 KB of fields for a reply, and refuses more but for who waits', () => {
    const waits = { client: 'c', id: 5, kind: 'rpc' };
    const asked = (bytes: number) => {
      const around = JSON.stringify({ text: '' }).length;
      // Three bytes a character: bytes are counted, not characters.
      const text = '世'.repeat((bytes - around) / 3) + 'x'.repeat((bytes - around) % 3);
      return delivery('room:a', { reply: { ...waits, data: { text } } });
    };
    const most = asked(65_536);
    expect(parseMessage(JSON.stringify(most))).toEqual(most);
    expect(parseMessage(JSON.stringify(asked(65_537)))).toEqual({
      type: 'unreadable',
      reason: 'reply.data: expected at most 65536 bytes of JSON, got 65537',
      reply: waits,
    });
  });
});

describe('time limits', () => {
  it('call a delivery stale before its idempotency key is forgotten', () => {
    expect(STALE_AFTER_MS).toBeLessThan(IDEMPOTENCY_WINDOW_SECONDS * 1000 - POST_RESERVE_MS);
  });

  it('end every post, and a close after it, before the lock', () => {
    expect(POST_RESERVE_MS).toBeGreaterThanOrEqual(2 * POST_TIMEOUT_MS);
    expect(LOCK_MS).toBeGreaterThan(POST_RESERVE_MS);
  });

  it('let a courier and a last round fit into its function', () => {
    expect(COURIER_BUDGET_MS + LOCK_MS).toBeLessThan(15_000);
  });
});
