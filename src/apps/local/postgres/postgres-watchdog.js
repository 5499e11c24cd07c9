// Stops a PostgreSQL server when the process that started it is gone, however that ended. It reads its standard input, whose other end only that
// process holds: first one line that describes the server, then `done` if the server was stopped in good order, then the end of the pipe.
// Plain JavaScript, because it is run as a file of its own, from the sources (by the tests) as from the build.
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
    // A zombie is as good as gone; in a container nobody may ever collect it.
    return !/\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
};

let input = '';
try {
  for await (const chunk of process.stdin) input += String(chunk);
} catch {
  // A broken pipe is the end of it too.
}
const [description, farewell] = input.split('\n');

if (description && farewell !== 'done') {
  const { pid, pgCtl, removeDirectory } = JSON.parse(description);
  // Fast shutdown, then immediate, then none: https://www.postgresql.org/docs/current/server-shutdown.html
  for (const [signal, patience] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 1_000],
  ]) {
    if (!isAlive(pid)) break;
    try {
      // Windows has no signals; pg_ctl knows PostgreSQL's own.
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
