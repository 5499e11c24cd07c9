import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Signals } from '../../streams/signals.js';
import { MessagesRepository } from './messages.repository.js';
import type { ModelPause } from './model-pauses.js';
import { FINISHED_SIGNAL } from './reply-signals.js';

/** A signal comes at once; the poll finds replies whose signal was lost. */
const POLL_MS = 500;
/** The longest time that a timer of Node takes. */
const FOREVER_MS = 2 ** 31 - 1;

interface WaitOptions {
  readonly ms?: number;
  readonly signal?: AbortSignal;
  readonly onPause?: (pause: ModelPause) => void;
}

interface Waiter {
  readonly leave: (finished: boolean) => void;
  readonly onPause: (pause: ModelPause) => void;
}

/**
 * Waits for replies to be finished, in whichever process: by the signal, and by one query per interval for all that
 * wait in this process.
 */
@Injectable()
export class ReplyWaiterService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(ReplyWaiterService.name);
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
   * Resolves to true when the reply is finished or deleted; to false after `ms`, when the signal is aborted or when the
   * process stops.
   *
   * @param ms without it, the wait has no end of its own
   * @param onPause is called repeatedly while the reply waits because its model is paused
   */
  wait(replyId: string, { ms = FOREVER_MS, signal, onPause = () => undefined }: WaitOptions = {}): Promise<boolean> {
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
      const timeout = setTimeout(leave, ms, false);
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
      for (const { id, isFinished, pause } of await this.messages.findReplyNews([...this.waiting.keys()], this.config.GEMINI_MAX_WAIT)) {
        if (isFinished) this.release(id, true);
        else if (pause) for (const { onPause } of [...(this.waiting.get(id) ?? [])]) onPause(pause);
      }
    } catch (error) {
      // Each wait goes on until its own deadline.
      this.logger.warn(`news of replies could not be read: ${String(error)}`);
    }
  }
}
