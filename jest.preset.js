import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = import.meta.dirname;
const swc = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));

/** One Jest project for a kind of test, told apart by the file's suffix. */
export function testsOf(displayName, suffix, more = {}) {
  return {
    displayName,
    rootDir: root,
    roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/tools'],
    testMatch: [`**/*.${suffix}.ts`],
    testPathIgnorePatterns: ['/node_modules/', '/dist/'],
    modulePathIgnorePatterns: ['/dist/', '<rootDir>/\\.data/'],
    testEnvironment: 'node',
    extensionsToTreatAsEsm: ['.ts'],
    moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
    transform: { '^.+\\.ts$': ['@swc/jest', swc] },
    // Tests run on the sources: no build is needed, and a stack trace names the line that was written.
    moduleNameMapper: {
      '^@order-system/([a-z-]+)-app/(.+)$': '<rootDir>/apps/$1/src/$2.ts',
      '^@order-system/([a-z-]+)/(.+)$': '<rootDir>/libs/$1/src/$2.ts',
      '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1.ts'],
    },
    setupFiles: ['reflect-metadata'],
    ...more,
  };
}
