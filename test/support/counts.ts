/** How often a randomised or repeated test runs: few in `npm test`, all in `npm run test:long`. */
export function rounds(few: number, all: number): number {
  return process.env['HOLDFAST_TEST'] === 'long' ? all : few;
}
