import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { systemErrorCode } from './system-error.js';

const run = promisify(execFile);

/** Whether a process with this pid runs. A zombie does not: in a container it may never be collected. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemErrorCode(error) !== 'EPERM') return false;
  }
  return statFields(pid)[0] !== 'Z';
}

/**
 * The start time of the process with this pid, in the system's own format. It tells the process from a later one with
 * the same pid.
 *
 * @returns undefined when no process runs, `unknown` when the system does not tell
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (!isAlive(pid)) return undefined;
  if (process.platform === 'linux') return statFields(pid)[19] ?? 'unknown';
  try {
    const { stdout } =
      process.platform === 'win32'
        ? await powershell(`(Get-Process -Id ${pid}).StartTime.Ticks`)
        : await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() || 'unknown';
  } catch {
    return isAlive(pid) ? 'unknown' : undefined;
  }
}

/** Reads the fields of /proc/<pid>/stat from the third on (proc(5)): index 0 is the state, index 19 the start time. */
function statFields(pid: number): readonly string[] {
  try {
    // The name before them may contain spaces and parentheses.
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}

/** Whether the process with this pid is a PostgreSQL server in this data directory; false in doubt. */
export async function isPostgresOn(pid: number, cluster: string): Promise<boolean> {
  try {
    if (process.platform === 'linux') {
      const workingDirectory = statSync(`/proc/${pid}/cwd`);
      const directory = statSync(cluster);
      const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
      return name === 'postgres' && workingDirectory.ino === directory.ino && workingDirectory.dev === directory.dev;
    }
    const { stdout } =
      process.platform === 'win32'
        ? await powershell(`(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").CommandLine`)
        : await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
    const [program, afterProgram] = stdout.split(' -D ', 2);
    return basename(program ?? '').includes('postgres') && (afterProgram ?? '').replaceAll('"', '').startsWith(`${cluster} `);
  } catch {
    return false;
  }
}

const powershell = (command: string) =>
  run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', command], { windowsHide: true });
