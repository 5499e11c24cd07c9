import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The commit whose processes and database an upgrade starts from. Each release names the one before it. */
const PREVIOUS_RELEASE = 'c2f33e13a94b386bbb76fbeae1f41426b2359da0';

/** Why the previous release cannot be built here; null when it can. */
export function whyNoPreviousRelease(): string | null {
  if (process.platform === 'win32') return 'the previous release is unpacked by tar and sh';
  if (!existsSync('.git')) return 'this folder is no git checkout';
  try {
    execFileSync('git', ['cat-file', '-e', `${PREVIOUS_RELEASE}^{commit}`], { stdio: 'ignore' });
    return null;
  } catch {
    return 'the commit of the previous release is not in this checkout';
  }
}

/** The previous release, built in a temporary folder with packages of its own: this one may have dropped some. */
export function buildPreviousRelease(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'previous-release-'));
  execFileSync('sh', ['-c', `git archive "$1" | tar -x -C "$2"`, 'sh', PREVIOUS_RELEASE, folder]);
  execFileSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--silent'], { cwd: folder, stdio: 'inherit' });
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: folder, stdio: 'inherit' });
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
