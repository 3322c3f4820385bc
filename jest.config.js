const transform = {
  '^.+\\.(t|j|mj)s$': [
    '@swc/jest',
    { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
  ],
};
// jose is published as ES modules only, which jest has to be told to translate.
const transformIgnorePatterns = ['/node_modules/(?!(jose)/)'];

const project = (displayName, more = {}) => ({
  displayName,
  testEnvironment: 'node',
  testMatch: [`<rootDir>/test/${displayName}/**/*.test.ts`],
  transform,
  transformIgnorePatterns,
  modulePathIgnorePatterns: [
    '<rootDir>/build/',
    '<rootDir>/cdk.out/',
    '<rootDir>/.holdfast/',
    '<rootDir>/lib/dist/',
    '<rootDir>/local/dist/',
    '<rootDir>/lambdas/service-sdk/dist/',
  ],
  ...more,
});

const redis = {
  globalSetup: '<rootDir>/test/support/start-redis.ts',
  globalTeardown: '<rootDir>/test/support/stop-redis.ts',
};

const stack = {
  globalSetup: '<rootDir>/test/support/start-stack.ts',
  globalTeardown: '<rootDir>/test/support/stop-stack.ts',
};

/** Suites by what they need: nothing, a real Redis, the CDK, a whole running stack. */
module.exports = {
  projects: [
    project('unit'),
    project('redis', redis),
    project('simulation', redis),
    // Bugs that the simulation has to find: `npm run test:planted`.
    project('planted', redis),
    project('constructs', { globalSetup: '<rootDir>/test/support/bundle-functions.ts' }),
    project('local'),
    project('e2e', stack),
    project('stack', stack),
  ],
};
