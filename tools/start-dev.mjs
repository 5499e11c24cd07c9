// The local mode, built and started anew whenever a source changes. What runs goes on until the new build is there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';

const QUIET_MS = 150;
const folders = ['src', 'migrations'];
const swc = join(import.meta.dirname, '../node_modules/@swc/cli/bin/swc.js');
const buildArguments = [...folders, '--out-dir', 'dist', '--copy-files', '--quiet'];

let running = null;
let stopping = false;

const run = (...args) => spawn(process.execPath, args, { stdio: 'inherit' });

async function build() {
  const [code] = await once(run(swc, ...buildArguments), 'exit');
  return code === 0;
}

async function stop() {
  const child = running;
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function restart() {
  if (!(await build())) {
    console.error('The build failed; waiting for the next change.');
    return;
  }
  await stop();
  if (!stopping) running = run('--enable-source-maps', 'dist/src/local.js');
}

let queue = restart();
let timer;
for (const folder of folders) {
  watch(folder, { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      console.log('Something changed: building and starting anew…');
      queue = queue.then(restart);
    }, QUIET_MS);
  });
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    clearTimeout(timer);
    void queue.then(stop).then(() => process.exit(0));
  });
}
