import { readOptions, USAGE, UsageError } from '../../local/command/options';

const read = (...args: string[]) => readOptions(args, '/project');

describe('npm start -- --time-scale', () => {
  it.each([
    [[], 1],
    [['--time-scale', '60'], 60],
    [['--time-scale=1.5'], 1.5],
    [['--time-scale', '1000'], 1000],
  ])('%j makes time go %d times as fast', (args, timeScale) => {
    expect(read(...args)).toMatchObject({ timeScale });
  });

  it.each(['0', '0.5', '-1', '1001', 'fast', '', 'Infinity', 'NaN'])('refuses %j', (scale) => {
    expect(() => read(`--time-scale=${scale}`)).toThrow(UsageError);
    expect(() => read(`--time-scale=${scale}`)).toThrow(
      `--time-scale: expected a number from 1 to 1000, got ${scale}`,
    );
  });

  it('is in the help', () => {
    expect(read('--help')).toBe('help');
    expect(USAGE).toContain('--time-scale N');
  });
});
