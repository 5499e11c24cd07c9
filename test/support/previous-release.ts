import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The commit whose processes and database an upgrade starts from. Each release names the one before it. */
const PREVIOUS_RELEASE = '3a329a033cc2a2ce806d03927d47ba2a3c0230bc';

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

/** The previous release, built in a temporary folder with the packages of this one. */
export function buildPreviousRelease(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'previous-release-'));
  execFileSync('sh', ['-c', `git archive "$1" | tar -x -C "$2"`, 'sh', PREVIOUS_RELEASE, folder]);
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'), 'dir');
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: folder, stdio: 'inherit' });
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
