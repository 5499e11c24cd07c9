import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const executablePath = process.env['CHROMIUM_PATH'] ?? USUAL_PLACES.find((path) => existsSync(path));

/** `describe` for tests of a page; skipped, and saying why, on a machine without Chromium. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (executablePath === undefined) describe.skip(`${name} (skipped: no Chromium: install one, or name it in CHROMIUM_PATH)`, tests);
  else describe(name, tests);
}

/** Starts the Chromium that `CHROMIUM_PATH` names, or the one of this machine: in tests under `describeInBrowser`. */
export async function openBrowser(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: [...QUIET, ...args] });
}
