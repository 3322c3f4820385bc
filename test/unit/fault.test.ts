import { FaultError } from '../../local/faults/kinds';
import { readFaultOptions, USAGE } from '../../scripts/fault';

const asked = (line: string) => readFaultOptions(line.split(' '));

it.each([
  ['list', { method: 'GET', path: '/faults' }],
  ['clear', { method: 'DELETE', path: '/faults' }],
  ['clear posts', { method: 'DELETE', path: '/faults/posts' }],
  ['seed 7', { method: 'PUT', path: '/seed', body: { seed: 7 } }],
  [
    'posts --share 0.05 --answer 429 --delivered',
    { method: 'PUT', path: '/faults/posts', body: { share: 0.05, answer: '429', delivered: true } },
  ],
  [
    'invocations --function echo --crash-within-ms 20',
    { method: 'PUT', path: '/faults/invocations', body: { function: 'echo', crashWithinMs: 20 } },
  ],
  ['redis --action flush', { method: 'POST', path: '/actions/redis', body: { action: 'flush' } }],
])('asks by "%s"', (line, request) => {
  expect(asked(line)).toEqual({ dir: '.holdfast', request });
});

it('knows every line of its usage', () => {
  const lines = [...USAGE.matchAll(/npm run -s fault -- (.+?)(?: {2,}.*)?$/gm)].map(([, line = '']) => line);
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) expect(() => asked(line.replace(/ ?\[KIND\]/, ''))).not.toThrow();
});

it.each([
  ['rain', 'expected one of list, clear, seed, invocations'],
  ['seed x', 'seed: expected a whole number, got x'],
  ['posts --share much', '--share: expected a number, got much'],
  ['posts often', 'expected options after posts, got often'],
  ['posts --often', "Unknown option '--often'"],
])('refuses "%s"', (line, message) => {
  expect(() => asked(line)).toThrow(FaultError);
  expect(() => asked(line)).toThrow(message);
});
