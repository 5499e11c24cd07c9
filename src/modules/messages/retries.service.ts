import { Injectable, Logger } from '@nestjs/common';
import type { StatementRunner } from '../../database/database.js';
import { LiveEventsService } from '../live-events/index.js';
import { RetriesRepository, type RetriedReply } from './retries.repository.js';
import { ReplyQueue } from './reply.queue.js';

/** The only way out of `failed`: a retry by an administrator. It costs the owner of the reply nothing. */
@Injectable()
export class RetriesService {
  private readonly logger = new Logger(RetriesService.name);

  constructor(
    private readonly retries: RetriesRepository,
    private readonly queue: ReplyQueue,
    private readonly events: LiveEventsService,
  ) {}

  /**
   * Makes those of the replies pending that have failed here. All others stay as they are, imported and copied ones
   * too. The caller calls `start` when the transaction is committed.
   */
  retry(transaction: StatementRunner, replyIds: readonly string[]): Promise<RetriedReply[]> {
    return this.retries.retryFailed(transaction, replyIds);
  }

  /** Tells the owners of retried replies, and adds the jobs. The sweeper adds those that cannot be added now. */
  async start(replies: readonly RetriedReply[]): Promise<void> {
    const owners = new Map(replies.map(({ userId, listVersion }) => [userId, listVersion]));
    for (const [userId, listVersion] of owners) {
      const own = replies.filter((reply) => reply.userId === userId);
      const events = own.map(
        ({ chatroomId, replyId }) => ({ type: 'chatroom.updated', chatroom_id: chatroomId, message_id: replyId }) as const,
      );
      this.events.changed(userId, listVersion, ...events);
    }
    try {
      await Promise.all(replies.map((reply) => this.queue.add(reply, { cause: 'retry', n: reply.attempt })));
    } catch (error) {
      this.logger.warn(`no jobs for ${replies.length} retried replies, left to the sweeper: ${String(error)}`);
    }
  }
}
