/**
 * The import rules: entry → apps → modules → integrations → queue · cache · streams · database → config → common.
 * Imports run downward only. A module is entered by its index.ts; inside it, http/ and worker/ know the core, never
 * each other, and the core knows neither.
 */
const LAYERS = ['common', 'config', '(?:queue|cache|streams|database|redis)', 'integrations', 'modules', 'apps'];

const downwardOnly = LAYERS.slice(0, -1).map((layer, depth) => ({
  name: `${layer.replace(/[^a-z]+/g, '-').replace(/^-|-$/g, '')}-imports-downward`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(?:${LAYERS.slice(depth + 1).join('|')})/|^src/[^/]+\\.ts$` },
}));

/** Which module may enter which; `privacy` and `admin` may enter all below them. */
const MAY_ENTER = {
  subscriptions: [],
  'live-events': [],
  users: ['subscriptions'],
  chatrooms: ['subscriptions', 'live-events'],
  auth: ['users'],
  attachments: ['subscriptions'],
  messages: ['chatrooms', 'attachments', 'subscriptions', 'live-events'],
  billing: ['subscriptions', 'users'],
  privacy: ['auth', 'users', 'chatrooms', 'messages', 'attachments', 'subscriptions', 'billing', 'live-events'],
  admin: ['auth', 'users', 'chatrooms', 'messages', 'attachments', 'subscriptions', 'billing', 'privacy'],
};

const moduleRules = Object.entries(MAY_ENTER).map(([module, others]) => ({
  name: `module-${module}`,
  severity: 'error',
  from: { path: `^src/modules/${module}/` },
  to: { path: '^src/modules/', pathNot: `^src/modules/(?:${[module, ...others].join('|')})/` },
}));

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-undeclared-package',
      severity: 'error',
      from: { path: '^(?:src|simulators)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    ...downwardOnly,
    ...moduleRules,
    {
      name: 'modules-by-their-index',
      comment: 'The index.ts of a module is the only door for other modules; apps also mount its http and worker modules.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/' },
      to: { path: '^src/modules/', pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/index\\.ts$'] },
    },
    {
      name: 'apps-by-the-doors',
      severity: 'error',
      from: { path: '^src/(?:apps/|[^/]+\\.ts$)' },
      to: {
        path: '^src/modules/',
        pathNot: ['/index\\.ts$', '-http\\.module\\.ts$', '-worker\\.module\\.ts$', '\\.module\\.ts$', '\\.entity\\.ts$'],
      },
    },
    {
      name: 'core-not-http-worker',
      severity: 'error',
      from: { path: '^src/modules/[^/]+/', pathNot: '^src/modules/[^/]+/(?:http|worker)/' },
      to: { path: '^src/modules/[^/]+/(?:http|worker)/' },
    },
    { name: 'http-not-worker', severity: 'error', from: { path: '^src/modules/[^/]+/http/' }, to: { path: '^src/modules/[^/]+/worker/' } },
    { name: 'worker-not-http', severity: 'error', from: { path: '^src/modules/[^/]+/worker/' }, to: { path: '^src/modules/[^/]+/http/' } },
    {
      name: 'api-reaches-no-processor',
      comment: 'Starting an API consumes no job.',
      severity: 'error',
      from: { path: '^src/(?:main\\.ts|apps/api/)' },
      to: { path: '(?:/worker/|^src/apps/(?:worker|local)/)', reachable: true },
    },
    {
      name: 'vendors-in-integrations',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/integrations/' },
      to: { path: '^node_modules/(?:@google/genai|@aws-sdk|stripe|twilio|nodemailer)/' },
    },
    {
      name: 'simulators-take-only-types',
      comment: "A vendor's published types are the schema of what its simulator answers; its code would be the judge in its own case.",
      severity: 'error',
      from: { path: '^simulators/' },
      to: { path: '^node_modules/(?:@google/genai|@aws-sdk|stripe|twilio|nodemailer)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'simulators-stand-alone',
      severity: 'error',
      from: { path: '^simulators/([^/]+)/' },
      to: { path: '^(?:src|simulators|migrations|test|bench)/', pathNot: '^simulators/$1/' },
    },
    {
      name: 'simulators-known-to-local',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/apps/local/' },
      to: { path: '^simulators/' },
    },
    {
      name: 'env-is-read-once',
      comment: 'Below the entries settings are injected; only entries and apps load them.',
      severity: 'error',
      from: { path: '^src/(?:modules|integrations|queue|cache|streams|database)/' },
      to: { path: '^src/config/env\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'src-not-test',
      severity: 'error',
      from: { path: '^(?:src|simulators)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(?:test|bench)/' },
    },
    {
      name: 'web-speaks-http',
      comment: 'The chat page knows the API by its generated types only.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(?:src|simulators|migrations|test|bench)/' },
    },
    {
      name: 'nothing-enters-web',
      severity: 'error',
      from: { path: '^(?:src|simulators)/' },
      to: { path: '^web/' },
    },
    {
      name: 'src-no-dev-packages',
      severity: 'error',
      from: { path: '^(?:src|simulators)/', pathNot: ['\\.test\\.ts$', '^src/apps/local/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js'],
    },
  },
};
