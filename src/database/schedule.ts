import { Logger } from '@nestjs/common';
import type { Database } from './database.js';

export interface ScheduledTask {
  readonly name: string;
  /** Any number that no other task has: the processes find each other by it. */
  readonly lock: number;
  readonly everyMs: number;
  /** Must bear being run by two processes at once, should one have been taken for dead. */
  readonly work: () => Promise<void>;
}

/** Does a task now and then, in one of the processes that schedule it. A failure is told, and the next time comes. */
export class Schedule {
  private readonly logger = new Logger('Schedule');
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly task: ScheduledTask,
  ) {
    this.timer = setInterval(() => {
      this.running ??= this.run().finally(() => {
        this.running = null;
      });
    }, task.everyMs);
  }

  /** Resolves when a run in progress is over. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      await this.database.exclusively(this.task.lock, this.task.work);
    } catch (error) {
      this.logger.warn(`${this.task.name} failed: ${String(error)}`);
    }
  }
}
