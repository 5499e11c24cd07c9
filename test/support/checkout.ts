import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagedProcess } from './managed-process.js';

const SOURCES = [
  'src',
  'simulators',
  'migrations',
  'tools',
  'web',
  'package.json',
  'package-lock.json',
  'openapi.json',
  'nest-cli.json',
  'tsconfig.json',
  '.swcrc',
];

/** The sources as in a fresh clone after `npm install`: built is nothing. The folder's name holds a blank. */
export class Checkout {
  readonly folder = mkdtempSync(join(tmpdir(), 'fresh checkout '));
  private readonly started: ManagedProcess[] = [];

  constructor() {
    const built = join('web', 'dist');
    for (const source of SOURCES) cpSync(source, join(this.folder, source), { recursive: true, filter: (path) => path !== built });
    symlinkSync(join(process.cwd(), 'node_modules'), join(this.folder, 'node_modules'), 'junction');
  }

  /** Starts `npm …` there, with nothing of this process's own settings. */
  async npm(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ManagedProcess> {
    const started = new ManagedProcess({
      name: `npm ${words.join(' ')}`,
      command: ['npm', ...words],
      env: { HOME: this.folder, ...env },
      cwd: this.folder,
    });
    this.started.push(started);
    await started.start();
    return started;
  }

  /** Ends what still runs. */
  async remove(): Promise<void> {
    await Promise.all(this.started.map((process) => process.terminateAll()));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
