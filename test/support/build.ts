import { execFileSync } from 'node:child_process';

/** Builds what the tests start; a default export because Jest wants one. */
export default function build(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit', shell: process.platform === 'win32' });
}
