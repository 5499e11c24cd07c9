import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { MessagesRepository } from './messages.repository.js';

const POLL_MS = 150;

/** Holds requests until replies are finished: one query per interval for all that wait in this process, whoever finishes the replies. */
@Injectable()
export class ReplyWaiter implements BeforeApplicationShutdown {
  private readonly logger = new Logger(ReplyWaiter.name);
  private readonly waiting = new Map<string, Set<(finished: boolean) => void>>();
  private timer: NodeJS.Timeout | null = null;
  private stopping = false;

  constructor(private readonly messages: MessagesRepository) {}

  /** Resolves to true when the reply is finished or gone, to false after `ms` or when the process stops. */
  wait(replyId: string, ms: number): Promise<boolean> {
    if (this.stopping) return Promise.resolve(false);
    const waiters = this.waiting.get(replyId) ?? new Set();
    this.waiting.set(replyId, waiters);
    this.schedule();
    return new Promise((resolve) => {
      const leave = (finished: boolean) => {
        clearTimeout(timeout);
        waiters.delete(leave);
        if (waiters.size === 0) this.waiting.delete(replyId);
        resolve(finished);
      };
      const timeout = setTimeout(leave, ms, false);
      waiters.add(leave);
    });
  }

  beforeApplicationShutdown(): void {
    this.stopping = true;
    for (const waiters of this.waiting.values()) for (const leave of [...waiters]) leave(false);
  }

  private schedule(): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      void this.poll().finally(() => {
        this.timer = null;
        if (this.waiting.size > 0) this.schedule();
      });
    }, POLL_MS);
  }

  private async poll(): Promise<void> {
    try {
      for (const id of await this.messages.finishedOf([...this.waiting.keys()])) {
        for (const leave of [...(this.waiting.get(id) ?? [])]) leave(true);
      }
    } catch (error) {
      // Waiting goes on: each request ends at its own deadline.
      this.logger.warn(`could not look for finished replies: ${String(error)}`);
    }
  }
}
