import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { type Claim, RepliesRepository } from '../replies.repository.js';

/** The reply is another worker's, or gone: whatever this one does next would be refused. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** This process stops: the reply goes back to the queue. */
export class WorkerStoppingError extends Error {
  override readonly name = 'WorkerStoppingError';
}

interface Held {
  readonly replyId: string;
  readonly attempt: number;
  readonly abort: AbortController;
}

/** The replies that this process works on; keeps their leases alive with one statement for all of them. */
@Injectable()
export class Leases implements OnApplicationShutdown {
  private readonly logger = new Logger(Leases.name);
  private readonly held = new Set<Held>();
  private readonly timer: NodeJS.Timeout;
  private renewing = false;

  constructor(
    private readonly replies: RepliesRepository,
    @InjectConfig() config: Config,
  ) {
    this.timer = setInterval(() => void this.renew(), config.REPLY_LEASE * 0.3);
  }

  /** Runs `work` while the lease is kept. Its signal aborts with LeaseLostError or WorkerStoppingError. */
  async hold<T>({ replyId, attempt }: Claim, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const held = { replyId, attempt, abort: new AbortController() };
    this.held.add(held);
    try {
      return await work(held.abort.signal);
    } finally {
      this.held.delete(held);
    }
  }

  get count(): number {
    return this.held.size;
  }

  /** Interrupts all work, to be handed back. */
  stop(): void {
    for (const { abort } of this.held) abort.abort(new WorkerStoppingError());
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async renew(): Promise<void> {
    if (this.renewing || this.held.size === 0) return;
    this.renewing = true;
    try {
      const asked = [...this.held];
      const kept = await this.replies.renew(asked);
      for (const { replyId, abort } of asked) if (!kept.has(replyId)) abort.abort(new LeaseLostError());
    } catch (error) {
      // The leases may run out meanwhile; then the fence refuses what this process writes.
      this.logger.warn(`could not renew ${this.held.size} leases: ${String(error)}`);
    } finally {
      this.renewing = false;
    }
  }
}
