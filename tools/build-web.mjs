/**
 * Builds the chat page, `web/` to `web/dist/`, and the administration to `web/dist/admin/`, unless they were built from
 * the same files before: `npm run build`. A stamp beside them holds the hash of what they were built from.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const STAMP = join(ROOT, 'web/dist/stamp');

const CHAT = {};
/** A build of its own: with chunks that both pages share, the chat page would load more. */
const ADMINISTRATION = {
  base: '/admin/ui/',
  build: { outDir: 'dist/admin', assetsDir: '', rolldownOptions: { input: join(ROOT, 'web/admin.html') } },
};

const sources = readdirSync(join(ROOT, 'web'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((path) => !path.startsWith(join(ROOT, 'web/dist')))
  .sort();
const hash = createHash('sha256');
for (const path of [...sources, join(ROOT, 'package-lock.json'), import.meta.filename])
  hash.update(path.slice(ROOT.length)).update(readFileSync(path));
const stamp = hash.digest('hex');

if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== stamp) {
  // Whatever this process is for, the pages are built for use: NODE_ENV would make them ones for development.
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  for (const page of [CHAT, ADMINISTRATION]) await build({ root: join(ROOT, 'web'), logLevel: 'warn', ...page });
  writeFileSync(STAMP, stamp);
}
