import fc from 'fast-check';
import { networkOf } from '../../../lambdas/gateway/core/limits/network';

describe('the network of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:0:1:aaaa:bbbb:cccc:dddd', '2001:db8:0:1'],
    ['2001:0DB8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
    ['1:2:3:4:5:6:7::', '1:2:3:4'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it.each(['', 'localhost', '203.0.113', '203.0.113.7:80', 'a}b', '::ffff:1.2.3.999'])(
    'of %j is none',
    (text) => {
      expect(networkOf(text)).toBeUndefined();
    },
  );

  it('is the same for all addresses of a /64 and another for others', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
    const half = fc.array(group, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(half, half, half, (prefix, one, other) => {
        const network = networkOf([...prefix, ...one].join(':'));
        expect(network).toBe(prefix.join(':'));
        expect(networkOf([...prefix, ...other].join(':'))).toBe(network);
      }),
    );
  });
});
