import { readdirSync } from 'node:fs';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const TESTS = [
  '**/*.spec.ts',
  '**/*.itest.ts',
  '**/*.e2e.ts',
  'libs/testing/**',
  '**/testing/**',
  '**/*.fixture.ts',
];

/** Libs may use what stands before them; `testing` may use all of them. */
const LAYERS = [
  ['contracts'],
  ['config'],
  ['observability'],
  ['prisma', 'redis', 'messaging'],
  ['auth'],
  ['service-host'],
  ['testing'],
];
const scopesBelow = (index) =>
  LAYERS.slice(0, index + 1)
    .flat()
    .map((name) => `scope:${name}`);
const libRules = LAYERS.flatMap((names, index) =>
  names.map((name) => ({
    allSourceTags: ['type:lib', `scope:${name}`],
    onlyDependOnLibsWithTags: scopesBelow(index),
  })),
);
const APPS = readdirSync(new URL('apps/', import.meta.url)).filter((name) => name !== 'embedded');
const appRules = [
  { sourceTag: 'type:lib', onlyDependOnLibsWithTags: ['type:lib'] },
  // Only the host of all services loads apps.
  ...APPS.map((name) => ({
    allSourceTags: ['type:app', `scope:${name}`],
    onlyDependOnLibsWithTags: ['type:lib'],
  })),
  { allSourceTags: ['type:app', 'scope:embedded'], onlyDependOnLibsWithTags: ['type:lib', 'type:app'] },
];

const BROKER = {
  regex: '^(amqplib|amqp-connection-manager)(/|$)',
  message: 'Only libs/messaging speaks to the broker.',
};
const EMITTER = { regex: '^@nestjs/event-emitter', message: 'Events go through the outbox: emit(tx, ...).' };
const GENERATED = { regex: '/generated/', message: 'Prisma types belong in .read, .store and libs/prisma.' };
const forbidImports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

const SYNTAX = [
  { selector: 'ExportAllDeclaration', message: 'Export by name.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of strings or an object as const.' },
];
const PRISMA = [
  'MemberExpression[property.name="prisma"]',
  'VariableDeclarator > ObjectPattern > Property[key.name="prisma"]',
].map((selector) => ({
  selector,
  message: 'Prisma is for reads, in *.read.ts; elsewhere write SQL through tx.',
}));
const DEFAULT_EXPORT = { selector: 'ExportDefaultDeclaration', message: 'Export by name.' };
const CLOCK = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'A rule is given the time.' },
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'A rule is given the time.',
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'A rule is given its ids.',
  },
];
const TEST_SYNTAX = [
  {
    selector: "NewExpression[callee.name='Promise'] CallExpression[callee.name='setTimeout']",
    message: 'A test waits for a fact (waitFor, a spy), not for time to pass.',
  },
  {
    selector: 'ImportDeclaration[source.value=/timers.promises$/]',
    message: 'A test waits for a fact (waitFor, a spy), not for time to pass.',
  },
  {
    selector: 'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(skip|only|todo)$/]',
    message: 'A test that does not run is no test.',
  },
  {
    selector: 'CallExpression[callee.name=/^(xit|xtest|xdescribe|fit|fdescribe)$/]',
    message: 'A test that does not run is no test.',
  },
];

export default tseslint.config(
  {
    ignores: ['**/dist/**', '**/node_modules/**', '**/generated/**', '**/coverage/**', '.nx/**', '.data*/**'],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx, 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({
          extensionAlias: { '.js': ['.ts', '.js'] },
          conditionNames: ['types', 'import', 'node'],
        }),
      ],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { enforceBuildableLibDependency: false, allow: [], depConstraints: [...libRules, ...appRules] },
      ],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A Nest module is a class whose decorator says everything.
      '@typescript-eslint/no-extraneous-class': 'off',
      'no-restricted-syntax': ['error', ...SYNTAX, ...PRISMA, DEFAULT_EXPORT],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only libs/config reads the environment.' },
      ],
      ...forbidImports(BROKER, EMITTER, GENERATED),
      'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true }],
      'max-params': ['error', 5],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    files: ['apps/embedded/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: APPS.map((name) => `@order-system/${name}-app/**`),
          depConstraints: appRules,
        },
      ],
    },
  },
  { files: ['libs/messaging/**/*.ts'], rules: forbidImports(EMITTER, GENERATED) },
  { files: ['libs/prisma/**/*.ts'], rules: forbidImports(BROKER, EMITTER) },
  {
    files: ['**/*.read.ts', 'libs/prisma/src/*.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-syntax': ['error', ...SYNTAX, DEFAULT_EXPORT] },
  },
  { files: ['**/*.read.ts', '**/*.store.ts'], rules: forbidImports(BROKER, EMITTER) },
  {
    files: ['libs/contracts/**/*.ts'],
    ignores: TESTS,
    rules: forbidImports({ regex: '^(?!zod$|\\.{1,2}/)', message: 'Contracts import zod only.' }),
  },
  {
    files: ['**/*.rules.ts'],
    rules: {
      ...forbidImports({
        regex: '^(?!zod$|@order-system/contracts/|\\.{1,2}/(.*/)?[a-z-]+\\.rules\\.js$)',
        message: 'Rules are pure: they import contracts, zod and other rules only.',
      }),
      'no-restricted-syntax': ['error', ...SYNTAX, ...PRISMA, DEFAULT_EXPORT, ...CLOCK],
    },
  },
  {
    files: TESTS,
    rules: {
      'no-restricted-syntax': ['error', ...SYNTAX, ...PRISMA, DEFAULT_EXPORT, ...TEST_SYNTAX],
      'no-restricted-properties': 'off',
      'no-restricted-imports': 'off',
      'max-lines': ['error', { max: 400 }],
      // A describe block is a list of tests, not a function to read at once.
      'max-lines-per-function': 'off',
    },
  },
  // A helper that waits for a fact has to sleep between two looks at it.
  { files: ['**/testing/**'], rules: { 'no-restricted-syntax': ['error', ...SYNTAX, DEFAULT_EXPORT] } },
  { files: ['libs/config/**/*.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['tools/**/*.ts'],
    rules: {
      'no-restricted-properties': 'off',
      'no-console': 'off',
      '@nx/enforce-module-boundaries': 'off',
      // Node runs these files as they are, and only leaves the types out.
      '@typescript-eslint/parameter-properties': 'error',
    },
  },
  { files: ['**/prisma.config.ts'], rules: { 'no-restricted-syntax': ['error', ...SYNTAX] } },
  prettier,
);
