import fc from 'fast-check';
import { DueTimes } from '../../local/aws/sqs/due-times';
import { Queue } from '../../local/aws/sqs/queue';
import { completeAttributes, queueSettings } from '../../local/aws/sqs/settings';
import { rounds } from '../support/counts';
import { ManualClock } from './endpoint-fixture';

const GROUPS = ['a', 'b', 'c'];
const VISIBILITY_MS = 5_000;

type Step =
  | { readonly do: 'send'; readonly group: number }
  | { readonly do: 'receive'; readonly max: number }
  | { readonly do: 'delete' | 'return'; readonly pick: number }
  | { readonly do: 'wait'; readonly milliseconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('send' as const), group: fc.nat(GROUPS.length - 1) }),
  fc.record({ do: fc.constant('receive' as const), max: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ do: fc.constantFrom('delete' as const, 'return' as const), pick: fc.nat(20) }),
  fc.record({ do: fc.constant('wait' as const), milliseconds: fc.integer({ min: 1, max: 6_000 }) }),
);

function newQueue(name: string, clock: ManualClock): Queue {
  const settings = queueSettings(
    completeAttributes(name, { VisibilityTimeout: VISIBILITY_MS / 1_000 }),
    undefined,
  );
  return new Queue({ arn: `arn:${name}`, name, settings, now: () => clock.now, toDeadLetters: () => false });
}

interface InFlight {
  readonly body: string;
  readonly group: string;
  readonly handle: string;
  readonly until: number;
}

/** Runs the steps on a queue and on the plainest model of it: all that was not deleted, in order of sending. */
async function run(name: string, steps: readonly Step[]): Promise<void> {
  const fifo = name.endsWith('.fifo');
  const clock = new ManualClock();
  const queue = newQueue(name, clock);
  let waiting: { readonly body: string; readonly group: string }[] = [];
  let inFlight: InFlight[] = [];
  let sent = 0;
  for (const each of steps) {
    inFlight = inFlight.filter(({ until }) => until > clock.now);
    if (each.do === 'send') {
      sent += 1;
      const group = GROUPS[each.group] ?? '';
      waiting.push({ body: `${sent}`, group });
      queue.send({ body: `${sent}`, groupId: group, senderId: 's' });
    } else if (each.do === 'receive') {
      const received = await queue.receive({ max: each.max });
      const bodies = received.map(({ message }) => message.body);
      const hidden = new Set(inFlight.map(({ body }) => body));
      const locked = new Set(inFlight.map(({ group }) => group));
      const available = waiting.filter(({ body, group }) => !(fifo ? locked.has(group) : hidden.has(body)));
      expect(new Set(bodies).size).toBe(bodies.length);
      expect(bodies).toHaveLength(Math.min(each.max, available.length));
      for (const group of fifo ? GROUPS : []) {
        const got = received
          .filter(({ message }) => message.groupId === group)
          .map(({ message }) => message.body);
        const expected = available.filter((message) => message.group === group).map(({ body }) => body);
        expect(got).toEqual(expected.slice(0, got.length));
      }
      for (const body of bodies) expect(available.map((message) => message.body)).toContain(body);
      for (const { message, receiptHandle: handle } of received) {
        inFlight.push({
          body: message.body,
          group: message.groupId ?? '',
          handle,
          until: clock.now + VISIBILITY_MS,
        });
      }
    } else if (each.do === 'wait') {
      clock.advance(each.milliseconds);
    } else if (inFlight.length > 0) {
      const [picked] = inFlight.splice(each.pick % inFlight.length, 1);
      if (!picked) continue;
      if (each.do === 'return') queue.changeVisibility(picked.handle, 0);
      else {
        queue.delete(picked.handle);
        waiting = waiting.filter(({ body }) => body !== picked.body);
      }
    }
    const now = inFlight.filter(({ until }) => until > clock.now).length;
    expect(queue.counts()).toEqual({ visible: waiting.length - now, inFlight: now, delayed: 0 });
  }
  queue.close();
}

describe.each(['queue.fifo', 'queue'])('%s', (name) => {
  it('agrees with a plain model under any sequence of calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => run(name, steps)),
      { numRuns: rounds(200, 5_000) },
    );
  });
});

it('due times come out in order, equal ones as they were added', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), (times) => {
      const due = new DueTimes();
      times.forEach((at, index) => {
        due.add({ at, messageId: String(index) });
      });
      const out: (readonly [at: number, index: number])[] = [];
      for (let first = due.first; first; first = due.first) {
        out.push([first.at, Number(first.messageId)]);
        due.removeFirst();
      }
      const entries = times.map((at, index) => [at, index] as const);
      expect(out).toEqual(entries.sort(([a, first], [b, second]) => a - b || first - second));
    }),
  );
});
