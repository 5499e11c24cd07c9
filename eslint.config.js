import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const NODE_GLOBALS = [
  'Buffer',
  'clearTimeout',
  'console',
  'performance',
  'process',
  'ReadableStream',
  'Response',
  'setTimeout',
  'structuredClone',
  'URL',
];

export default tseslint.config(
  { ignores: ['**/dist', 'coverage', 'node_modules', '.local'] },
  js.configs.recommended,
  {
    // Prettier lays the code out; this is about comments only. Migrations that were released stay as they are, and
    // the generated types have the texts of the API.
    ignores: ['migrations/1795392*', 'web/src/api/schema.d.ts'],
    rules: { 'max-len': ['error', { code: 1_000, comments: 120, ignoreUrls: true }] },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true, allowEmpty: true }],
      // Request and response classes are shapes that decorators describe; plain objects are their values.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config/env.ts reads the environment.' },
      ],
      'no-restricted-syntax': ['error', { selector: "CallExpression[callee.name='forwardRef']", message: 'No circles between modules.' }],
    },
  },
  {
    files: ['src/config/env.ts', 'simulators/*/main.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['test/**/*.ts', '**/*.test.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off' },
  },
  {
    files: ['web/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat.recommended],
    // What an effect loads is set when it has come; the rule takes that for setting it at once.
    rules: { 'react-hooks/set-state-in-effect': 'off' },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly'])),
    },
  },
);
