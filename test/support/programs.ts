import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Why tests cannot run a program of this machine; null when it is on PATH. */
export function whyNot(program: string): string | null {
  const found = (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)));
  return found ? null : `no ${program} on PATH`;
}

/** `describe` for tests that need programs of this machine; skipped, and saying why, where one is lacking. */
export function describeWith(programs: readonly string[], name: string, tests: () => void): void {
  const reasons = programs.map(whyNot).filter((reason) => reason !== null);
  if (reasons.length > 0) describe.skip(`${name} (skipped: ${reasons.join(', ')})`, tests);
  else describe(name, tests);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
