import { Injectable, Logger } from '@nestjs/common';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { Transaction } from '../../database/database.js';
import { Signals } from '../../streams/signals.js';
import { StreamStore } from '../../streams/stream-store.js';
import { LiveEventsService } from '../live-events/index.js';
import { DeletionRepository } from './deletion.repository.js';
import { CANCEL_SIGNAL, FINISHED_SIGNAL } from './reply-signals.js';

/** Deletes replies, and what exists of them outside the database: the work on them and the text in their streams. */
@Injectable()
export class DeletionService {
  private readonly logger = new Logger(DeletionService.name);

  constructor(
    private readonly deletion: DeletionRepository,
    private readonly streams: StreamStore,
    private readonly signals: Signals,
    private readonly events: LiveEventsService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Deletes a room with its messages. @throws NotFoundError */
  async deleteChatroom(userId: string, chatroomId: string): Promise<void> {
    const deleted = await this.deletion.deleteChatroom({ userId, chatroomId, finishedWithinMs: this.config.STREAM_TTL });
    if (deleted === null) throw new NotFoundError();
    this.events.changed(userId, deleted.listVersion, { type: 'chatroom.deleted', chatroom_id: chatroomId });
    await this.forgetReplies(deleted.replyIds);
  }

  /**
   * The first step of a transaction that deletes a user or all rooms of a user: it locks what the worker that finishes
   * a reply locks first.
   *
   * @returns the ids for `forgetReplies`, which the caller calls when the transaction is committed
   */
  lockReplies(transaction: Transaction, userId: string): Promise<string[]> {
    return this.deletion.lockReplies(transaction, { userId, finishedWithinMs: this.config.STREAM_TTL });
  }

  /** Deletes all rooms of a user, after `lockReplies` and once the row of the user is locked too. */
  async deleteChatrooms(transaction: Transaction, userId: string): Promise<void> {
    await this.deletion.deleteChatrooms(transaction, userId);
  }

  /**
   * Tells workers and readers at once that replies are deleted. Their streams are empty when this resolves. Never
   * fails.
   */
  async forgetReplies(replyIds: readonly string[]): Promise<void> {
    for (const id of replyIds) {
      this.signals.publish(CANCEL_SIGNAL, id);
      this.signals.publish(FINISHED_SIGNAL, id);
    }
    await Promise.all(replyIds.map((id) => this.streams.erase(id))).catch((error: unknown) => {
      this.logger.warn(`the streams of ${replyIds.length} deleted replies were left to their TTL: ${String(error)}`);
    });
  }
}
