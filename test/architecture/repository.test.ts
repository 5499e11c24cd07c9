import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

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

describe('The repository', () => {
  it('names no path and no registry of somebody’s machine', () => {
    const forbidden =
      /(?:^|[\s'"`(=])(?:\/(?:home|Users|root|work|mnt|workspace)\/\w|[A-Z]:\\\\?Users\\)|registry\.npmjs\.org|"resolved":/m;
    const found = committedFiles().filter(
      (path) => path !== 'test/architecture/repository.test.ts' && forbidden.test(readFileSync(path, 'utf8')),
    );
    expect(found).toEqual([]);
  });
});
