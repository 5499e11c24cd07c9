/**
 * npm may leave optional packages of other platforms out of package-lock.json (npm/cli#4828); `npm ci` then refuses the
 * lock. Adds the missing entries (version, os, cpu, libc), read from the names that native packages carry by
 * convention, and drops download addresses, so that the lock serves every platform and every registry. Drops what
 * packages for browsers ask of Node. Run it after each change of a dependency: `npm run lock`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const OS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'windows'];
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

/** Packages that are bundled for browsers. The Node that they ask for is for their parts on a server. */
const BROWSER_PACKAGES = /^(?:ai|@ai-sdk\/.*)$/;

const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

complete(new URL('../package-lock.json', import.meta.url));

function complete(file) {
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const present = new Set(Object.keys(lock.packages).map(nameOf));

  for (const [path, entry] of Object.entries(lock.packages)) {
    delete entry.resolved;
    if (BROWSER_PACKAGES.test(nameOf(path))) delete entry.engines;
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (present.has(name)) continue;
      const words = name.split(/[/-]/);
      const os = OS.find((word) => words.includes(word));
      const cpu = CPU.find((word) => words.includes(word));
      if (!os || !cpu) throw new Error(`${name}: no platform in its name; add it to the lock by hand`);
      const musl = words.includes('musl') ? { libc: ['musl'] } : {};
      const glibc = words.includes('gnu') || words.includes('gnueabihf') ? { libc: ['glibc'] } : {};
      const platform = os === 'windows' ? 'win32' : os;
      lock.packages[`node_modules/${name}`] = {
        version: version.replace(/^[\^~]/, ''),
        cpu: [cpu],
        ...(entry.dev ? { dev: true } : {}),
        ...(platform === 'linux' ? { ...musl, ...glibc } : {}),
        optional: true,
        os: [platform],
      };
      present.add(name);
    }
  }

  const root = lock.packages[''];
  const sorted = Object.fromEntries(
    Object.entries(lock.packages)
      .filter(([path]) => path !== '')
      .sort(([a], [b]) => a.localeCompare(b, 'en')),
  );
  lock.packages = { '': root, ...sorted };
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
