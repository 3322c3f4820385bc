import fc from 'fast-check';
import { CommandNumbers } from '../../../client/numbers';

const idOf = (line: string): number | undefined => JSON.parse(line).id;
const command = (id: number, data: unknown = {}) => JSON.stringify({ rpc: { method: 'a.b', data }, id });
const message = (data: unknown) => JSON.stringify({ send: { data } });

/** Sends a line, and answers it as it goes out. */
function send(numbers: CommandNumbers, line: string): string {
  const { line: wire, sent } = numbers.outgoing(line);
  sent();
  return wire;
}

describe('numbers of commands', () => {
  it('have no gaps, whatever is sent or kept back, and each reply finds its command', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('command' as const), data: fc.json() }),
      fc.record({ kind: fc.constant('message' as const), data: fc.json() }),
      fc.record({ kind: fc.constant('kept back' as const), data: fc.json() }),
    );
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.array(step, { maxLength: 40 }), (before, steps) => {
        const numbers = new CommandNumbers();
        let own = before + 1;
        expect(send(numbers, JSON.stringify({ connect: {}, id: own }))).toBe(
          JSON.stringify({ connect: {}, id: own }),
        );
        const wires: (readonly [wire: number, own: number | undefined])[] = [[own, own]];
        for (const { kind, data } of steps) {
          const value = JSON.parse(data);
          if (kind === 'message') {
            const wire = send(numbers, message(value));
            expect(JSON.parse(wire)).toMatchObject({ send: { data: value } });
            wires.push([idOf(wire) ?? 0, undefined]);
            continue;
          }
          own += 1;
          const line = command(own, value);
          if (kind === 'kept back') numbers.outgoing(line);
          else {
            const wire = send(numbers, line);
            expect({ ...JSON.parse(wire), id: own }).toEqual(JSON.parse(line));
            wires.push([idOf(wire) ?? 0, own]);
          }
        }
        expect(wires.map(([wire]) => wire)).toEqual(wires.map((_, index) => before + 1 + index));
        for (const [wire, sdk] of [...wires].reverse()) {
          for (const reply of [
            { id: wire, rpc: { data: { id: 7 } } },
            { rpc: { data: [{}] }, id: wire },
          ]) {
            const line = numbers.incoming(JSON.stringify(reply));
            expect(line && JSON.parse(line)).toEqual(sdk === undefined ? undefined : { ...reply, id: sdk });
          }
        }
      }),
    );
  });

  it('leave pushes, pings and pongs alone', () => {
    const numbers = new CommandNumbers();
    expect(send(numbers, message(1))).toBe(message(1));
    send(numbers, command(1));
    send(numbers, message(1));
    send(numbers, command(2));
    const push = '{"push":{"channel":"a","pub":{"data":{"id":3}}}}';
    for (const line of [push, '{}', 'no JSON', '{"push":{"message":{"data":1}},"id":0}']) {
      expect(numbers.incoming(line)).toBe(line);
    }
    expect(send(numbers, '{}')).toBe('{}');
  });

  it('find an id in the midst of a reply', () => {
    const numbers = new CommandNumbers();
    send(numbers, command(1));
    send(numbers, message(1));
    send(numbers, command(2));
    expect(JSON.parse(numbers.incoming('{"rpc":{},"id":3,"more":[1]}') ?? '')).toEqual({
      rpc: {},
      id: 2,
      more: [1],
    });
  });

  it('forget what nobody can wait for any more', () => {
    const numbers = new CommandNumbers();
    send(numbers, command(1));
    for (let own = 2; own < 5_000; own++) {
      send(numbers, message(own));
      send(numbers, command(own));
    }
    expect(numbers.incoming('{"id":3,"rpc":{}}')).toBeUndefined();
    expect(numbers.incoming('{"id":1,"rpc":{}}')).toBe('{"id":1,"rpc":{}}');
    expect(numbers.incoming('{"id":9997,"rpc":{}}')).toBe('{"id":4999,"rpc":{}}');
  });
});
