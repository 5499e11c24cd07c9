import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';

export interface ProcessOptions {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** The whole environment, but for PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** How a process ended: its exit code, or 128 and the number of the signal, as a shell tells it. */
export type ExitCode = number;

/**
 * Passes the exit code on, and kills the process when its own standard input ends, whose other end only the tests'
 * process holds.
 */
const WATCHDOG = `exec 4<&0; "$@" </dev/null 3>&- 4<&- & pid=$!; echo $pid >&3; exec 3>&-
(cat <&4 >/dev/null; kill -9 $pid 2>/dev/null) & guard=$!
wait $pid; code=$?; kill $guard 2>/dev/null; exit $code`;

/** A process of the system under test: can be killed, stopped and started again, and does not outlive the tests. */
export class ManagedProcess {
  readonly name: string;
  /** Everything it wrote since its first start, newest last; bounded. */
  readonly output: string[] = [];
  /** The process group of the last start. */
  private group: number | undefined;
  /** What it is started with, but for PATH; a change holds from its next start on. */
  readonly environment: Record<string, string>;
  private running: { pid: number; exited: Promise<ExitCode>; release(): void } | null = null;

  constructor(private readonly options: ProcessOptions) {
    this.name = options.name;
    this.environment = { ...options.env };
  }

  get pid(): number {
    if (!this.running) throw new Error(`${this.name} does not run`);
    return this.running.pid;
  }

  get isRunning(): boolean {
    return this.running !== null;
  }

  /** Starts it; returns as soon as there is a process. */
  async start(): Promise<void> {
    if (this.running) throw new Error(`${this.name} runs already`);
    const { command, cwd } = this.options;
    const shell = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', ...command], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', ...this.environment },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.group = shell.pid;
    const [, stdout, stderr, pids] = shell.stdio as unknown as [unknown, Readable, Readable, Readable];
    for (const stream of [stdout, stderr]) {
      createInterface(stream).on('line', (line) => {
        this.output.push(line);
        if (this.output.length > 5_000) this.output.splice(0, 1_000);
      });
    }
    shell.stdin.on('error', () => undefined);
    const exited = once(shell, 'exit').then(([code]) => {
      this.running = null;
      return (code as number | null) ?? 255;
    });
    const [line] = (await once(createInterface(pids), 'line')) as [string];
    this.running = { pid: Number(line), exited, release: () => shell.stdin.end() };
  }

  /** As a crash: SIGKILL. */
  async kill(): Promise<void> {
    if (!this.running) return;
    const { exited, pid } = this.running;
    process.kill(pid, 'SIGKILL');
    await exited;
  }

  /** As an orderly stop: SIGTERM. @returns how it ended */
  async terminate(): Promise<ExitCode> {
    if (!this.running) throw new Error(`${this.name} does not run`);
    const { exited, pid } = this.running;
    process.kill(pid, 'SIGTERM');
    return exited;
  }

  /** As an orderly stop, and then kills what it left behind: npm ends its shell, which does not end its child. */
  async terminateAll(): Promise<void> {
    if (this.running) await this.terminate();
    try {
      if (this.group !== undefined) process.kill(-this.group, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Resolves when it ends by itself. */
  async ended(): Promise<ExitCode> {
    if (!this.running) throw new Error(`${this.name} does not run`);
    return this.running.exited;
  }

  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }
}
