import { EnvironmentError, readEnvironment, readSwitch } from '../../../lambdas/contract/environment';

describe('readEnvironment', () => {
  it('answers the variables that were named', () => {
    expect(readEnvironment(['A', 'B'], { A: '1', B: '2', C: '3' })).toEqual({ A: '1', B: '2' });
  });

  it.each([[{ A: '1' }], [{ A: '1', B: '' }]])('refuses %j without B', (source) => {
    expect(() => readEnvironment(['A', 'B'], source)).toThrow(
      'environment variable B: expected a non-empty value, got none',
    );
  });
});

describe('readSwitch', () => {
  it.each([
    ['on', true],
    ['off', false],
  ])('reads %s', (value, expected) => {
    expect(readSwitch({ FLAG: value }, 'FLAG')).toBe(expected);
  });

  it.each(['true', 'ON', ' on'])('refuses "%s"', (value) => {
    expect(() => readSwitch({ FLAG: value }, 'FLAG')).toThrow(EnvironmentError);
    expect(() => readSwitch({ FLAG: value }, 'FLAG')).toThrow(
      `environment variable FLAG: expected on or off, got "${value}"`,
    );
  });
});
