import { Injectable, Logger } from '@nestjs/common';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { Transaction } from '../../database/database.js';
import { Signals } from '../../streams/signals.js';
import { StreamStore } from '../../streams/stream-store.js';
import { MessagesRepository } from './messages.repository.js';
import { CANCEL_SIGNAL, FINISHED_SIGNAL } from './reply-signals.js';

/** Deletes replies, and what there is of them outside of the database: the work on them, and the text in their streams. */
@Injectable()
export class Deletion {
  private readonly logger = new Logger(Deletion.name);

  constructor(
    private readonly messages: MessagesRepository,
    private readonly streams: StreamStore,
    private readonly signals: Signals,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Deletes a room with all that hangs on it. @throws NotFoundError */
  async deleteChatroom(userId: string, chatroomId: string): Promise<void> {
    const replyIds = await this.messages.deleteChatroom(userId, chatroomId, this.config.STREAM_TTL);
    if (replyIds === null) throw new NotFoundError();
    await this.forgetReplies(replyIds);
  }

  /**
   * The first step of a transaction that deletes a user or all rooms of one: locks what whoever ends a reply locks first.
   *
   * @returns what `forgetReplies` is to be told when the transaction is committed
   */
  async lockReplies(transaction: Transaction, userId: string): Promise<string[]> {
    return this.messages.lockReplies(transaction, userId, null, this.config.STREAM_TTL);
  }

  /** Deletes all rooms of a user, after `lockReplies` and once the row of the user is locked too. */
  async deleteChatrooms(transaction: Transaction, userId: string): Promise<void> {
    await this.messages.deleteChatrooms(transaction, userId);
  }

  /** Of replies that are deleted: workers and readers learn of it at once, and the streams are emptied before this resolves. Never fails. */
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
