import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive } from '../../src/apps/local/postgres/process-identity.js';
import type { Settings } from './api.js';

/** What a running local mode writes for those who look for its parts. */
export interface Endpoints {
  readonly pid: number;
  readonly api: string;
  readonly database: string;
  readonly gemini: string;
}

/** The product as `npm start` builds it, in a folder of its own whose name is hard on careless code. */
export class LocalBuild {
  readonly folder = mkdtempSync(join(tmpdir(), 'local mode für alle 你好 '));
  private readonly started: LocalProcess[] = [];

  constructor() {
    const root = resolve(__dirname, '../..');
    const swc = join(root, 'node_modules/@swc/cli/bin/swc.js');
    execFileSync(
      process.execPath,
      [swc, 'src', 'simulators', 'migrations', '--out-dir', join(this.folder, 'dist'), '--copy-files', '--quiet'],
      {
        cwd: root,
      },
    );
    writeFileSync(join(this.folder, 'package.json'), '{ "type": "module" }');
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'), 'junction');
    execFileSync(process.execPath, [join(root, 'tools/build-web.mjs')]);
    symlinkSync(join(root, 'web'), join(this.folder, 'web'), 'junction');
    mkdirSync(join(this.folder, 'work'));
  }

  /** Starts it on a data folder below this one; nothing of this process's own settings reaches it. */
  run(data: string, settings: Settings = {}): LocalProcess {
    const started = new LocalProcess(this.folder, join(this.folder, data), settings);
    this.started.push(started);
    return started;
  }

  /** Every process that runs from this folder. */
  processes(): string[] {
    // The random end of its name is plain text, whatever `ps` makes of the rest.
    const mark = this.folder.slice(-6);
    return execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(mark));
  }

  /** Ends what still runs, and waits until its data can be deleted. */
  async remove(): Promise<void> {
    for (const { child } of this.started) child.kill('SIGKILL');
    await until(() => this.processes().length === 0);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

export class LocalProcess {
  readonly child: ChildProcess;
  /** With the code, once it has ended. */
  readonly exited: Promise<number | null>;
  output = '';

  constructor(
    folder: string,
    private readonly data: string,
    settings: Settings,
  ) {
    rmSync(join(data, 'endpoints.json'), { force: true });
    this.child = spawn(process.execPath, [join(folder, 'dist/src/local.js')], {
      cwd: join(folder, 'work'),
      env: { PATH: process.env['PATH'], PORT: '0', LOCAL_DATA_DIR: data, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer) => (this.output += chunk.toString());
    this.child.stdout?.on('data', keep);
    this.child.stderr?.on('data', keep);
    this.exited = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Where it listens, once it says that it is ready. @throws Error with its output when it ends instead */
  async ready(): Promise<Endpoints> {
    await until(() => this.output.includes('Ctrl-C stops everything.') || this.child.exitCode !== null);
    if (this.child.exitCode !== null) throw new Error(`It ended with ${this.child.exitCode}:\n${this.output}`);
    return JSON.parse(readFileSync(join(this.data, 'endpoints.json'), 'utf8')) as Endpoints;
  }

  /** The process of its PostgreSQL. */
  postgresPid(): number {
    const home = readdirSync(this.data).find((name) => /^postgres-\d+$/.test(name)) ?? '';
    return Number.parseInt(readFileSync(join(this.data, home, 'cluster', 'postmaster.pid'), 'utf8'), 10);
  }

  /** @returns the exit code */
  async end(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }
}

/** The test's own time limit ends it when the condition never comes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(20);
}

export const isGone = (pid: number): boolean => !isAlive(pid);
