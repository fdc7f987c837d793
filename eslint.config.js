import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Rules for the library alone: what its users' process must never be surprised by. */
const libraryRules = {
  'no-console': 'error',
  'no-restricted-syntax': ['error',
    { selector: 'TSAsExpression:not([typeAnnotation.typeName.name="const"])', message: 'Narrow the type with a check instead of `as`.' },
    { selector: 'TSTypeAssertion', message: 'Narrow the type with a check instead of asserting it.' },
    { selector: 'Program > VariableDeclaration[kind!="const"]', message: 'No mutable state on module level: several systems live in one process.' },
    { selector: 'Program > ExportNamedDeclaration > VariableDeclaration[kind!="const"]', message: 'No mutable state on module level: several systems live in one process.' },
    { selector: 'ThrowStatement > NewExpression[callee.name="Error"]', message: 'Throw a TaskSystemError with a code of the catalogue.' },
    { selector: 'MemberExpression[object.name="process"][property.name="env"]', message: 'Only policy/environment.ts reads the environment.' },
    { selector: 'CallExpression[callee.object.name="process"][callee.property.name="exit"]', message: 'A library never ends the process of its user.' },
  ],
};

const commonRules = {
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
  '@typescript-eslint/prefer-readonly': 'error',
  '@typescript-eslint/require-array-sort-compare': 'error',
  '@typescript-eslint/explicit-module-boundary-types': 'error',
  // Numbers and booleans read well in templates; what is odd there is objects and undefined.
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  // `void | Promise<void>` and `Promise.withResolvers<void>()` say what they mean.
  '@typescript-eslint/no-invalid-void-type': 'off',
  // Index signatures name their key: `[taskId: string]`.
  '@typescript-eslint/consistent-indexed-object-style': 'off',
  'eqeqeq': 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  'object-shorthand': 'error',
  'max-len': 'off',
};

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.cache/**', 'coverage/**', '**/*.cjs'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: commonRules,
  },
  { files: ['src/**/*.ts'], rules: libraryRules },
  // The one place that reads the environment, to hand an allow-list of it to task processes.
  { files: ['src/lib/task-system/policy/environment.ts'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'], rules: { '@typescript-eslint/no-empty-function': 'off' } },
  // The matchers of expect and what `events.once` gives are typed `any`.
  { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { '@typescript-eslint/no-unsafe-assignment': 'off' } },
);
