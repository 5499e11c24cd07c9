// Installs the packages of a container into a folder, without what nothing reads there, and prints their size and the
// largest of them (a scope counts as one).
// The Dockerfile and CI run it: node tools/production-modules.mjs <folder>
import { execFileSync } from 'node:child_process';
import { copyFileSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit } from 'node:process';

const LIMIT_MB = 120;
/** The packages whose sizes are printed. */
const LISTED = 12;

/** Source maps, declarations and sources of packages, and texts about them; licences stay. */
const UNREAD = /\.(?:map|[cm]?ts|flow|md|markdown)$/u;
const LICENCE = /^(?:licen[cs]e|notice|copying)/iu;

/** Whole packages, and builds of packages for browsers and bundlers. `typescript` is an optional peer. */
const UNUSED = [
  'typescript',
  '@types',
  'typeorm/browser',
  'rxjs/src',
  'rxjs/dist/esm5',
  'rxjs/dist/bundles',
  '@google/genai/dist/web',
  'bintrees/test',
];

const [, , folder] = argv;
if (folder === undefined) {
  console.error('Usage: node tools/production-modules.mjs <folder>');
  exit(2);
}
mkdirSync(folder, { recursive: true });
for (const file of ['package.json', 'package-lock.json']) copyFileSync(file, join(folder, file));
// On Windows npm is a script that only a shell starts.
execFileSync('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], {
  cwd: folder,
  stdio: ['ignore', 'ignore', 'inherit'],
  shell: process.platform === 'win32',
});
const modules = join(folder, 'node_modules');
for (const path of UNUSED) rmSync(join(modules, path), { recursive: true, force: true });
rmSync(join(folder, 'package-lock.json'));
const bytes = prune(modules);
console.log(`${inMb(bytes)} MB in node_modules of production (at most ${LIMIT_MB}), of which`);
const parts = readdirSync(modules, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const sizes = parts.map(({ name }) => ({ name, size: prune(join(modules, name)) })).sort((a, b) => b.size - a.size);
for (const { name, size } of sizes.slice(0, LISTED)) console.log(`${inMb(size).padStart(6)} ${name}`);
if (bytes > LIMIT_MB * 1_000_000) exit(1);

function inMb(size) {
  return (size / 1_000_000).toFixed(1);
}

/** Deletes what is unread. @returns the size of the rest, in bytes as `du --apparent-size` counts them */
function prune(directory) {
  let sum = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) sum += prune(path);
    else if (UNREAD.test(entry.name) && !LICENCE.test(entry.name)) rmSync(path);
    else sum += lstatSync(path).size;
  }
  return sum;
}
