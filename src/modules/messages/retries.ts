import { Injectable, Logger } from '@nestjs/common';
import type { StatementRunner } from '../../database/database.js';
import { RetriesRepository, type RetriedReply } from './retries.repository.js';
import { ReplyQueue } from './reply.queue.js';

/** The only way out of `failed`: another try, on an administrator's word. It costs the reply's owner nothing. */
@Injectable()
export class Retries {
  private readonly logger = new Logger(Retries.name);

  constructor(
    private readonly retries: RetriesRepository,
    private readonly queue: ReplyQueue,
  ) {}

  /** Puts back to pending those of the replies that have failed here; all others stay as they are, imported and copied ones too. Call `start` when the transaction is committed. */
  async retry(on: StatementRunner, replyIds: readonly string[]): Promise<RetriedReply[]> {
    return this.retries.retryFailed(on, replyIds);
  }

  /** What cannot be started now is started by the sweeper. */
  async start(replies: readonly RetriedReply[]): Promise<void> {
    try {
      await Promise.all(replies.map((reply) => this.queue.add(reply, 'retry', reply.attempt)));
    } catch (error) {
      this.logger.warn(`no jobs for ${replies.length} retried replies, left to the sweeper: ${String(error)}`);
    }
  }
}
