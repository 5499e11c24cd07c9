import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of a processor's time in /proc: 100 a second on every Linux that Node runs on (USER_HZ). */
const TICK_MS = 10;

/** CPU time of a process in milliseconds, as Linux counts it; NaN on other systems and for a process that is gone. */
export function cpuOf(pid: number): number {
  const fields = statOf(pid);
  return fields === null ? NaN : (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** CPU time of a process and of all its children, the ended ones included, in milliseconds. */
export function cpuOfFamily(pid: number): number {
  const own = statOf(pid);
  if (own === null) return NaN;
  const ended = (Number(own[13]) + Number(own[14])) * TICK_MS;
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && statOf(Number(name))?.[1] === String(pid));
  return cpuOf(pid) + ended + children.reduce((sum, child) => sum + (cpuOf(Number(child)) || 0), 0);
}

/** Memory of a process in MB: what it holds now, and the most it ever held. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = read(`/proc/${pid}/status`) ?? '';
  const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? NaN) / 1024;
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

export const parentOf = (pid: number): number => Number(statOf(pid)?.[1]);

/** The fields of /proc/pid/stat from the state on, which follows the name in brackets. */
function statOf(pid: number): string[] | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
