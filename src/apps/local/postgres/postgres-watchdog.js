// Stops a PostgreSQL server when the process that started it is gone. It reads its standard input, whose other end only
// that process holds: one line that describes the server, then `done` if the process stopped the server, then the end.
// The file is plain JavaScript, because it runs on its own, from the sources (in tests) and from the build.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // A zombie counts as gone; in a container it may never be collected.
    return !/\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
};

let input = '';
try {
  for await (const chunk of process.stdin) input += String(chunk);
} catch {
  // A broken pipe is the end of the input too.
}
const [description, farewell] = input.split('\n');

if (description && farewell !== 'done') {
  const { pid, pgCtl, removeDirectory } = JSON.parse(description);
  // Fast shutdown, then immediate shutdown, then a kill: https://www.postgresql.org/docs/current/server-shutdown.html
  for (const [signal, patience] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 1_000],
  ]) {
    if (!isAlive(pid)) break;
    try {
      // Windows has no signals; pg_ctl sends PostgreSQL's own.
      if (pgCtl && signal !== 'SIGKILL') execFileSync(pgCtl, ['kill', signal.slice(3), String(pid)], { windowsHide: true });
      else process.kill(pid, signal);
    } catch {
      // It ended meanwhile.
    }
    const deadline = Date.now() + patience;
    while (isAlive(pid) && Date.now() < deadline) await sleep(20);
  }
  if (removeDirectory) rmSync(removeDirectory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
