import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every installed package that is published as ES modules: Jest on Node 20 can only run them once they are turned into
 * CommonJS.
 */
function esmPackages(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory() || entry.name.startsWith('.')) return [];
    const path = join(folder, entry.name);
    if (entry.name.startsWith('@')) return esmPackages(path);
    let manifest;
    try {
      manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    } catch {
      return [];
    }
    let nested = [];
    try {
      nested = esmPackages(join(path, 'node_modules'));
    } catch {
      // no packages of its own
    }
    return manifest.type === 'module' && manifest.name ? [manifest.name, ...nested] : nested;
  });
}

const esm = [...new Set(esmPackages(join(import.meta.dirname, 'node_modules')))];

/** @param {string} displayName @param {string[]} testMatch */
const project = (displayName, testMatch, extra = {}) => ({
  displayName,
  testMatch: testMatch.map((pattern) => `<rootDir>/${pattern}`),
  testEnvironment: 'node',
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(?:.*/node_modules/)?(?:${esm.join('|')})/)`],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1', '$1.js'] },
  ...extra,
});

const onPostgres = { globalSetup: '<rootDir>/test/support/global-setup.ts', globalTeardown: '<rootDir>/test/support/global-teardown.ts' };

export default {
  // Most of a test's time is spent waiting for servers.
  maxWorkers: '100%',
  // Each suite leaves memory behind in its worker, whose collections of garbage would slow the last suites down.
  workerIdleMemoryLimit: '1.5GB',
  projects: [
    project('unit', ['{src,simulators,web/src}/**/*.test.ts']),
    project('architecture', ['test/architecture/**/*.test.ts'], onPostgres),
    project('integration', ['test/{integration,security}/**/*.test.ts'], {
      ...onPostgres,
      testPathIgnorePatterns: ['/node_modules/', '/test/security/attacks/'],
    }),
    project('e2e', ['test/e2e/**/*.test.ts'], onPostgres),
    // Measures a process of the build under attack.
    project('attacks', ['test/security/attacks/**/*.test.ts'], { globalSetup: '<rootDir>/test/support/build.ts' }),
    // Starts the processes of the build, with a PostgreSQL and a Redis of their own.
    project('chaos', ['test/chaos/**/*.test.ts'], { globalSetup: '<rootDir>/test/support/build.ts' }),
  ],
  // Ends what hangs; how long a test takes is no part of what it says.
  testTimeout: 600_000,
};
