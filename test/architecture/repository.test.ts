import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { weaknessOf } from '../../src/config/secret-strength.js';

interface Lock {
  readonly packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>;
}

const committedFiles = () =>
  execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '--cached', '--others', '--exclude-standard', '-z'], { encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && existsSync(path));

describe('package-lock.json', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;

  it('serves every registry', () => {
    expect(Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined)).toEqual([]);
  });

  it('serves every platform: `npm run lock` adds what npm leaves out', () => {
    const present = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)));
    const optional = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
    expect(optional.filter((name) => !present.has(name))).toEqual([]);
  });
});

describe('The files of a deployment', () => {
  const read = (file: string) => readFileSync(file, 'utf8');
  const { version, engines } = JSON.parse(read('package.json')) as { version: string; engines: { node: string } };
  const manifests = committedFiles().filter((path) => path.startsWith('deploy/kubernetes/'));
  const images = ['docker-compose.yml', ...manifests].flatMap((file) =>
    [...read(file).matchAll(/^ *image: (\S+)$/gmu)].map(([, image = '']) => image),
  );

  it('run this release, beside databases of exact versions, of which PostgreSQL’s is the same everywhere', () => {
    const own = images.filter((image) => image.startsWith('gemini-chat-backend'));
    expect(own).toEqual(Array.from({ length: 4 }, () => `gemini-chat-backend:${version}`));
    const others = images.filter((image) => !image.startsWith('gemini-chat-backend'));
    expect(others).toEqual([expect.stringMatching(/^postgres:\d+\.\d+-alpine$/u), expect.stringMatching(/^redis:\d+\.\d+\.\d+-alpine$/u)]);
    const [, major] = /^postgres:(\d+)/u.exec(others[0] ?? '') ?? [];
    expect(read('render.yaml')).toContain(`postgresMajorVersion: '${major}'`);
  });

  it('build and run the image on one exact version of Node, which package.json allows', () => {
    const bases = [...read('Dockerfile').matchAll(/^FROM (\S+)/gmu)].map(([, base = '']) => base);
    const [, base = ''] = /^node:(\d+\.\d+\.\d+)-\w+-slim$/u.exec(bases[0] ?? '') ?? [];
    expect(bases).toEqual([bases[0], bases[0]]);
    const [, least = ''] = /^>=(\d+\.\d+\.\d+)$/u.exec(engines.node) ?? [];
    expect(base.localeCompare(least, 'en', { numeric: true })).toBeGreaterThanOrEqual(0);
  });
});

describe('The suites', () => {
  const suites = committedFiles()
    .filter((path) => path.startsWith('test/') && path.endsWith('.test.ts') && !path.startsWith('test/architecture/'))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
  const starting = (what: RegExp) => suites.filter(({ text }) => what.test(text));
  const pathsWithout = (guard: RegExp, of: typeof suites) => of.filter(({ text }) => !guard.test(text)).map(({ path }) => path);

  it('are skipped with a reason where Redis or a browser that they need is lacking', () => {
    const onRedis = starting(/\bstart(Cluster|TestRedis|Engine)\(/u);
    const inBrowsers = starting(/\bopenBrowser\(/u);
    expect([onRedis.length > 20, inBrowsers.length > 5]).toEqual([true, true]);
    expect(pathsWithout(/\b(describeOn\w*|describeWith|whyNoRedis)\(/u, onRedis)).toEqual([]);
    expect(pathsWithout(/\bdescribeInBrowser\(/u, inBrowsers)).toEqual([]);
  });
});

describe('The repository', () => {
  it('links its pages and pictures to files that exist', () => {
    const pages = committedFiles().filter((path) => path.endsWith('.md'));
    const links = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => ({ page, link })),
    );
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter(({ page, link }) => !existsSync(join(dirname(page), link)))).toEqual([]);
  });

  it('names no path and no registry of somebody’s machine', () => {
    const forbidden =
      /(?:^|[\s'"`(=])(?:\/(?:home|Users|root|work|mnt|workspace)\/\w|[A-Z]:\\\\?Users\\)|registry\.npmjs\.org|"resolved":/m;
    const found = committedFiles().filter(
      (path) => path !== 'test/architecture/repository.test.ts' && forbidden.test(readFileSync(path, 'utf8')),
    );
    expect(found).toEqual([]);
  });

  it('publishes no key of tokens that production would run with', () => {
    // A value given by name or by a constant; unit tests of the rule itself have good ones.
    const written = /(?:JWT_SECRET(?:_PREVIOUS)?(?::-|['"]?\s*[:=])|const (?:SECRET|PREVIOUS) =)\s*['"]?([\w.-]{16,})/g;
    const values = committedFiles().flatMap((path) => [...readFileSync(path, 'utf8').matchAll(written)].map(([, value = '']) => value));
    expect(values).toEqual(expect.arrayContaining(['only-for-tests-0123456789abcdef-only-for-tests']));
    const others = /^(?:settings|secrets|process)\.|^whsec_/;
    expect(values.filter((value) => !others.test(value) && weaknessOf(value) === null)).toEqual([]);
  });
});
