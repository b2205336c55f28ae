import { testsOf } from './jest.preset.js';

export default {
  testTimeout: 90_000,
  coverageProvider: 'v8',
  coverageDirectory: 'coverage',
  coverageReporters: ['text-summary', 'lcov'],
  collectCoverageFrom: ['{apps,libs}/*/src/**/*.ts', '!**/generated/**', '!**/*.{spec,itest,e2e,fixture}.ts'],
  projects: [
    testsOf('unit', 'spec'),
    testsOf('integration', 'itest'),
    testsOf('e2e', 'e2e', {
      testPathIgnorePatterns: ['/node_modules/', '/dist/', '/faults/'],
      globalSetup: '<rootDir>/tools/test/e2e-setup.mjs',
      globalTeardown: '<rootDir>/tools/test/e2e-teardown.mjs',
    }),
    // These start, and end, a system and servers of their own.
    testsOf('faults', 'e2e', { testMatch: ['**/faults/*.e2e.ts'] }),
  ],
};
