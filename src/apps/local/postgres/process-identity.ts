import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether a process has this pid, whoever it belongs to. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * When the process with this pid started, in the system's own words; with the pid it tells a process from a later one that got the same pid.
 * Undefined when there is none (a zombie counts as none), `unknown` when there is one of which the system tells nothing.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (!isAlive(pid)) return undefined;
  try {
    if (process.platform === 'linux') {
      // proc(5): state and start time are fields 3 and 22; the name before them may hold spaces and parentheses.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return fields[0] === 'Z' ? undefined : (fields[19] ?? 'unknown');
    }
    const { stdout } =
      process.platform === 'win32'
        ? await powershell(`(Get-Process -Id ${pid}).StartTime.Ticks`)
        : await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() || 'unknown';
  } catch {
    return isAlive(pid) ? 'unknown' : undefined;
  }
}

/** Whether the process with this pid is a PostgreSQL server that works in this data directory. In doubt it is not. */
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
    return basename(program ?? '').includes('postgres') && (afterProgram ?? '').replaceAll('"', '').startsWith(cluster);
  } catch {
    return false;
  }
}

const powershell = (command: string) =>
  run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', command], { windowsHide: true });
