import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Signals } from '../../streams/signals.js';
import { MessagesRepository } from './messages.repository.js';
import type { Pause } from './model-pauses.js';
import { FINISHED_SIGNAL } from './reply-signals.js';

/** A signal says so at once; this finds what no signal told. */
const POLL_MS = 500;
/** The longest that a timer knows. */
const FOREVER_MS = 2 ** 31 - 1;

interface Waiter {
  readonly leave: (finished: boolean) => void;
  readonly onPause: (pause: Pause) => void;
}

/**
 * Holds whoever waits until replies are finished. Besides the signal, one query per interval for all that wait in this process, whoever finishes the
 * replies.
 */
@Injectable()
export class ReplyWaiter implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(ReplyWaiter.name);
  private readonly waiting = new Map<string, Set<Waiter>>();
  private timer: NodeJS.Timeout | null = null;
  private stopListening: (() => void) | null = null;
  private stopping = false;

  constructor(
    private readonly messages: MessagesRepository,
    private readonly signals: Signals,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.stopListening = this.signals.listen(FINISHED_SIGNAL, (replyId) => {
      this.release(replyId, true);
    });
  }

  /**
   * Resolves to true when the reply is finished or gone; to false after `ms` (null: never), when the signal is aborted or the process stops.
   *
   * @param onPause is told, again and again, while the reply cannot go on because its model is paused
   */
  wait(replyId: string, ms: number | null, signal?: AbortSignal, onPause: (pause: Pause) => void = () => undefined): Promise<boolean> {
    if (this.stopping) return Promise.resolve(false);
    const waiters = this.waiting.get(replyId) ?? new Set<Waiter>();
    this.waiting.set(replyId, waiters);
    this.schedule();
    return new Promise((resolve) => {
      const leave = (finished: boolean) => {
        clearTimeout(timeout);
        signal?.removeEventListener('abort', onAbort);
        waiters.delete(waiter);
        if (waiters.size === 0 && this.waiting.get(replyId) === waiters) this.waiting.delete(replyId);
        resolve(finished);
      };
      const onAbort = () => {
        leave(false);
      };
      const timeout = setTimeout(leave, ms ?? FOREVER_MS, false);
      const waiter = { leave, onPause };
      waiters.add(waiter);
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
    for (const { leave } of [...(this.waiting.get(replyId) ?? [])]) leave(finished);
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
      for (const { id, isFinished, pause } of await this.messages.newsOf([...this.waiting.keys()], this.config.GEMINI_MAX_WAIT)) {
        if (isFinished) this.release(id, true);
        else if (pause) for (const { onPause } of [...(this.waiting.get(id) ?? [])]) onPause(pause);
      }
    } catch (error) {
      // Waiting goes on: each ends at its own deadline.
      this.logger.warn(`could not look for news of replies: ${String(error)}`);
    }
  }
}
