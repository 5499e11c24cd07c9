import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Signals } from '../../streams/signals.js';
import { MessagesRepository } from './messages.repository.js';
import { FINISHED_SIGNAL } from './reply-signals.js';

/** A signal says so at once; this finds what no signal told. */
const POLL_MS = 500;
/** The longest that a timer knows. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * Holds whoever waits until replies are finished. Besides the signal, one query per interval for all that wait in this process, whoever finishes the
 * replies.
 */
@Injectable()
export class ReplyWaiter implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(ReplyWaiter.name);
  private readonly waiting = new Map<string, Set<(finished: boolean) => void>>();
  private timer: NodeJS.Timeout | null = null;
  private stopListening: (() => void) | null = null;
  private stopping = false;

  constructor(
    private readonly messages: MessagesRepository,
    private readonly signals: Signals,
  ) {}

  onModuleInit(): void {
    this.stopListening = this.signals.listen(FINISHED_SIGNAL, (replyId) => {
      this.release(replyId, true);
    });
  }

  /**
   * Resolves to true when the reply is finished or gone; to false after `ms` (null: never), when the signal is aborted or the process stops.
   */
  wait(replyId: string, ms: number | null, signal?: AbortSignal): Promise<boolean> {
    if (this.stopping) return Promise.resolve(false);
    const waiters = this.waiting.get(replyId) ?? new Set();
    this.waiting.set(replyId, waiters);
    this.schedule();
    return new Promise((resolve) => {
      const leave = (finished: boolean) => {
        clearTimeout(timeout);
        signal?.removeEventListener('abort', onAbort);
        waiters.delete(leave);
        if (waiters.size === 0 && this.waiting.get(replyId) === waiters) this.waiting.delete(replyId);
        resolve(finished);
      };
      const onAbort = () => {
        leave(false);
      };
      const timeout = setTimeout(leave, ms ?? FOREVER_MS, false);
      waiters.add(leave);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) leave(false);
    });
  }

  beforeApplicationShutdown(): void {
    this.stopping = true;
    this.stopListening?.();
    for (const replyId of [...this.waiting.keys()]) this.release(replyId, false);
  }

  private release(replyId: string, finished: boolean): void {
    for (const leave of [...(this.waiting.get(replyId) ?? [])]) leave(finished);
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
    if (this.waiting.size === 0) return;
    try {
      for (const id of await this.messages.finishedOf([...this.waiting.keys()])) this.release(id, true);
    } catch (error) {
      // Waiting goes on: each ends at its own deadline.
      this.logger.warn(`could not look for finished replies: ${String(error)}`);
    }
  }
}
