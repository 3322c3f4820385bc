import fc from 'fast-check';
import {
  FrameTooLargeError,
  GATEWAY_FRAME_BYTES,
  packLines,
  refusal,
  utf8Bytes,
} from '../../../client/frames';
import { rounds } from '../../support/counts';

const bytesOf = (text: string) => Buffer.byteLength(text);
const line = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replaceAll('\n', ' '));

describe('packing lines into frames', () => {
  it('loses, adds and reorders nothing, and fills a frame up to its limit', () => {
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 400 }),
        (lines, limit) => {
          const frames = packLines(lines, limit);
          expect(frames.join('\n')).toBe(lines.join('\n'));
          for (const frame of frames) {
            if (frame.includes('\n')) expect(bytesOf(frame)).toBeLessThanOrEqual(limit);
          }
          frames.slice(1).forEach((frame, index) => {
            const [first = ''] = frame.split('\n');
            expect(bytesOf(`${frames[index]}\n${first}`)).toBeGreaterThan(limit);
          });
        },
      ),
      { numRuns: rounds(300, 20_000) },
    );
  });

  it('counts the bytes of a character, not its units', () => {
    expect(packLines(['€€€', '€€€'], 19)).toEqual(['€€€\n€€€']);
    expect(packLines(['€€€', '€€€'], 18)).toEqual(['€€€', '€€€']);
    expect(['a', 'é', '€', '👩‍👩‍👧', '\ud800'].map(utf8Bytes)).toEqual([1, 2, 3, 18, 3]);
  });

  it('gives a line that is larger than the limit a frame of its own', () => {
    expect(packLines(['a', 'b'.repeat(20), 'c', 'd'], 10)).toEqual(['a', 'b'.repeat(20), 'c\nd']);
  });

  it('makes no frame of no lines', () => {
    expect(packLines([], 10)).toEqual([]);
  });
});

describe('the refusal of a line that no frame can carry', () => {
  const error = new FrameTooLargeError(GATEWAY_FRAME_BYTES + 1);

  it('is a reply to its command with what was expected and got', () => {
    expect(JSON.parse(refusal('{"id":7,"publish":{}}', error))).toEqual({
      id: 7,
      error: { code: 107, message: 'expected a command of at most 32768 bytes, got 32769' },
    });
  });

  it.each(['{"send":{}}', '{"id":"7"}', 'null', '[1]', 'no JSON'])(
    'is thrown for %s, which has no id',
    (text) => {
      expect(() => refusal(text, error)).toThrow(error);
    },
  );
});
