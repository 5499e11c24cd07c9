import { execFileSync } from 'node:child_process';

/** Builds the chat page, unless it is built already. */
export function buildPage(): void {
  execFileSync(process.execPath, ['tools/build-web.mjs'], { stdio: 'inherit' });
}
