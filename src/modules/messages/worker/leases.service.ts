import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Metrics } from '../../../common/metrics/metrics.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Signals } from '../../../streams/signals.js';
import { ClaimsRepository } from '../claims.repository.js';
import { CANCEL_SIGNAL } from '../reply-signals.js';
import type { Progress } from './progress.js';

/** Another worker holds the reply, or it was deleted: every further write of this worker would be refused. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** The user cancelled the reply. */
export class CancelRequestedError extends Error {
  override readonly name = 'CancelRequestedError';
}

/** This process stops: the reply is released. */
export class WorkerStoppingError extends Error {
  override readonly name = 'WorkerStoppingError';
}

/**
 * The replies that this process works on. One statement renews the leases of all of them, and returns which ones are to
 * be cancelled.
 */
@Injectable()
export class LeasesService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(LeasesService.name);
  private readonly held = new Set<Progress>();
  private timer: NodeJS.Timeout | null = null;
  private stopListening: (() => void) | null = null;
  private renewing = false;

  constructor(
    private readonly claims: ClaimsRepository,
    private readonly signals: Signals,
    metrics: Metrics,
    @InjectConfig() private readonly config: Config,
  ) {
    metrics.observe({ replies_held: { help: 'Replies that this process works on.' } }, () => ({ replies_held: this.held.size }));
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.renew(), this.config.REPLY_LEASE * 0.3);
    // The fast path. The next renewal finds what a lost signal did not tell.
    this.stopListening = this.signals.listen(CANCEL_SIGNAL, (replyId) => {
      for (const progress of this.held) if (progress.replyId === replyId) progress.abort.abort(new CancelRequestedError());
    });
  }

  /** Runs `work` while the lease is renewed. `progress.abort` is aborted with one of the errors above. */
  async hold(progress: Progress, work: () => Promise<void>): Promise<void> {
    this.held.add(progress);
    try {
      await work();
    } finally {
      this.held.delete(progress);
    }
  }

  /** Interrupts all work, so that its replies are released. */
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
      const kept = await this.claims.renew(asked);
      for (const { replyId, abort } of asked) {
        const found = kept.get(replyId);
        if (!found) abort.abort(new LeaseLostError());
        else if (found.isCancelled) abort.abort(new CancelRequestedError());
      }
    } catch (error) {
      // The leases may run out meanwhile. Then the fence refuses what this process writes.
      this.logger.warn(`${this.held.size} leases could not be renewed: ${String(error)}`);
    } finally {
      this.renewing = false;
    }
  }
}
