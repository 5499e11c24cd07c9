import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CompilerOptions,
  createCompilerHost,
  createProgram,
  createSourceFile,
  flattenDiagnosticMessageText,
  getPreEmitDiagnostics,
  ModuleKind,
  ModuleResolutionKind,
  ScriptTarget,
} from 'typescript';
import { parseAllDocuments } from 'yaml';
import { describeSettings } from '../../src/config/describe-settings.js';
import { WORKER_REQUIRES } from '../../src/config/required-settings.js';

interface Container {
  readonly command: readonly string[];
  readonly volumeMounts?: readonly object[];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly scaleTargetRef?: { readonly name: string };
    readonly maxReplicas?: number;
    readonly strategy?: { readonly rollingUpdate: { readonly maxSurge: number } };
    readonly selector?: object;
    readonly template?: { readonly spec: { readonly containers: readonly Container[]; readonly volumes?: readonly object[] } };
  };
}

const FOLDER = 'deploy/kubernetes';

const read = (file: string) => parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')).map((document) => document.toJS() as Manifest);

const manifests = readdirSync(FOLDER).flatMap(read);
const named = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);

/** What the types of Kubernetes' API, which name every field, say about manifests. */
function complaints(checked: readonly Manifest[]): string[] {
  const path = join(process.cwd(), FOLDER, 'manifests.ts');
  const text = checked
    .map((manifest, i) => {
      const type = `I${manifest.kind}`;
      return `import type { ${type} as T${i} } from 'kubernetes-models/${manifest.apiVersion}';\nexport const m${i}: T${i} = ${JSON.stringify(manifest)};\n`;
    })
    .join('');
  const options: CompilerOptions = {
    module: ModuleKind.ESNext,
    moduleResolution: ModuleResolutionKind.Bundler,
    target: ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const host = createCompilerHost(options);
  const sourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => (name === path ? createSourceFile(name, text, ScriptTarget.ES2022) : sourceFile(name, ...rest));
  const diagnostics = getPreEmitDiagnostics(createProgram([path], options, host));
  return diagnostics.map(({ messageText }) => flattenDiagnosticMessageText(messageText, '\n'));
}

test('every manifest is what the API of Kubernetes takes, to the last field', () => {
  expect(complaints(manifests)).toEqual([]);
  const [deployment] = named('Deployment');
  if (!deployment) throw new Error('a Deployment');
  const mistakes = [
    { ...deployment, spec: { ...deployment.spec, replicass: 2 } },
    { ...deployment, spec: { ...deployment.spec, template: { spec: { containers: [{ command: [] }] } } } },
    { ...deployment, spec: { ...deployment.spec, replicas: 'two' } },
  ];
  expect(complaints(mistakes as Manifest[])).toHaveLength(mistakes.length);
});

test('every process has its Deployment, its budget of disruptions and its scaling, and the migration is a Job', () => {
  const processes = ['gemini-chat-api', 'gemini-chat-worker'];
  for (const kind of ['Deployment', 'PodDisruptionBudget', 'HorizontalPodAutoscaler'])
    expect([kind, named(kind).map(({ metadata }) => metadata.name)]).toEqual([kind, processes]);
  expect(named('HorizontalPodAutoscaler').map(({ spec }) => spec?.scaleTargetRef?.name)).toEqual(processes);
  for (const { spec } of named('PodDisruptionBudget'))
    expect(named('Deployment').map((each) => each.spec?.selector)).toContainEqual(spec?.selector);
  const commands = [...named('Deployment'), ...named('Job')].map(({ spec }) => spec?.template?.spec.containers[0]?.command.at(-1));
  expect(commands).toEqual(['dist/src/main.js', 'dist/src/worker.js', 'dist/src/apps/cli/migrate.js']);
});

test('the API, whose filesystem is read-only, may write uploads into its temporary folder', () => {
  const pod = named('Deployment').find(({ metadata }) => metadata.name === 'gemini-chat-api')?.spec?.template?.spec;
  expect(pod?.containers[0]?.volumeMounts).toEqual([{ name: 'tmp', mountPath: '/tmp' }]);
  expect(pod?.volumes).toEqual([{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }]);
});

test('its settings are settings, and those that production demands are among them', () => {
  const known = describeSettings().flatMap(({ settings }) => settings.map(({ name }) => name));
  const given = [...named('ConfigMap'), ...named('Secret')].flatMap(({ data, stringData }) => Object.keys(data ?? stringData ?? {}));
  expect(given.filter((name) => !known.includes(name))).toEqual(['NODE_OPTIONS']);
  expect(WORKER_REQUIRES.filter((name) => !given.includes(name))).toEqual([]);
});

test('the pools of all processes fit into the connections of PostgreSQL by default, also during an update', () => {
  const most = named('HorizontalPodAutoscaler').map(({ spec }) => spec?.maxReplicas ?? NaN);
  const surges = named('Deployment').map(({ spec }) => spec?.strategy?.rollingUpdate.maxSurge ?? NaN);
  const processes = [...most, ...surges].reduce((sum, count) => sum + count, 0);
  // 3 of the 100 are for superusers, some for migrations and people.
  expect(processes * Number(named('ConfigMap')[0]?.data?.['DATABASE_POOL_SIZE'])).toBeLessThanOrEqual(90);
});

test('the page at FRONTEND_URL may call the API', () => {
  const { FRONTEND_URL = '', CORS_ORIGINS = '' } = named('ConfigMap')[0]?.data ?? {};
  expect(CORS_ORIGINS.split(',')).toContain(new URL(FRONTEND_URL).origin);
});
