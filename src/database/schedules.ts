import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from './database.js';
import type { ScheduleLock } from './locks.js';

export interface ScheduledTask {
  /** Names the task; processes exclude each other by this lock. */
  readonly lock: ScheduleLock;
  readonly everyMs: number;
  /** Must tolerate being run by two processes at once, in case one of them was taken for dead. */
  readonly work: () => Promise<void>;
}

interface RunningTask {
  readonly timer: NodeJS.Timeout;
  /** The run in progress. */
  run: Promise<void> | null;
}

/**
 * Runs every scheduled task of this process from a timer, each in one process at a time. A failed run is logged, and
 * the next one comes. Timers rather than job schedulers of the queue, which would be lost with it.
 */
@Injectable()
export class Schedules implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Schedules.name);
  private readonly tasks: ScheduledTask[] = [];
  private readonly running: RunningTask[] = [];

  constructor(private readonly database: Database) {}

  /** Adds a task; to be called from `onModuleInit`, as the timers start once everything is initialised. */
  add(task: ScheduledTask): void {
    if (this.tasks.some(({ lock }) => lock === task.lock)) throw new Error(`two scheduled tasks have the lock ${task.lock}`);
    this.tasks.push(task);
  }

  onApplicationBootstrap(): void {
    for (const task of this.tasks) {
      const running: RunningTask = {
        run: null,
        timer: setInterval(() => {
          running.run ??= this.run(task).finally(() => {
            running.run = null;
          });
        }, task.everyMs),
      };
      this.running.push(running);
    }
  }

  /** Runs in progress finish while database and queues are still open. */
  async beforeApplicationShutdown(): Promise<void> {
    for (const { timer } of this.running) clearInterval(timer);
    await Promise.all(this.running.flatMap(({ run }) => run ?? []));
  }

  private async run({ lock, work }: ScheduledTask): Promise<void> {
    try {
      await this.database.exclusively(lock, work);
    } catch (error) {
      this.logger.warn(`${lock} failed: ${String(error)}`);
    }
  }
}
