import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Signals } from '../../../streams/signals.js';
import { RepliesRepository } from '../replies.repository.js';
import { CANCEL_SIGNAL } from '../reply-signals.js';
import type { Progress } from './progress.js';

/** The reply is another worker's, or gone: whatever this one does next would be refused. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** Its reader wants no more of the reply. */
export class CancelRequestedError extends Error {
  override readonly name = 'CancelRequestedError';
}

/** This process stops: the reply goes back to the queue. */
export class WorkerStoppingError extends Error {
  override readonly name = 'WorkerStoppingError';
}

/** The replies that this process works on; keeps their leases alive with one statement for all of them, which also brings wishes to cancel. */
@Injectable()
export class Leases implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Leases.name);
  private readonly held = new Set<Progress>();
  private timer: NodeJS.Timeout | null = null;
  private stopListening: (() => void) | null = null;
  private renewing = false;

  constructor(
    private readonly replies: RepliesRepository,
    private readonly signals: Signals,
    @InjectConfig() private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.renew(), this.config.REPLY_LEASE * 0.3);
    // The fast way; a signal that got lost is made up for by the next renewal.
    this.stopListening = this.signals.listen(CANCEL_SIGNAL, (replyId) => {
      for (const progress of this.held) if (progress.replyId === replyId) progress.abort.abort(new CancelRequestedError());
    });
  }

  get count(): number {
    return this.held.size;
  }

  /** Runs `work` while the lease is kept; its signal aborts with one of the errors above. */
  async hold(progress: Progress, work: () => Promise<void>): Promise<void> {
    this.held.add(progress);
    try {
      await work();
    } finally {
      this.held.delete(progress);
    }
  }

  /** Interrupts all work, to be handed back. */
  stop(): void {
    for (const { abort } of this.held) abort.abort(new WorkerStoppingError());
  }

  onApplicationShutdown(): void {
    if (this.timer) clearInterval(this.timer);
    this.stopListening?.();
  }

  private async renew(): Promise<void> {
    if (this.renewing || this.held.size === 0) return;
    this.renewing = true;
    try {
      const asked = [...this.held];
      const kept = await this.replies.renew(asked);
      for (const { replyId, abort } of asked) {
        const found = kept.get(replyId);
        if (!found) abort.abort(new LeaseLostError());
        else if (found.isCancelled) abort.abort(new CancelRequestedError());
      }
    } catch (error) {
      // The leases may run out meanwhile; then the fence refuses what this process writes.
      this.logger.warn(`could not renew ${this.held.size} leases: ${String(error)}`);
    } finally {
      this.renewing = false;
    }
  }
}
