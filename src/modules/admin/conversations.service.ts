import { Injectable } from '@nestjs/common';
import { ForbiddenError, NotFoundError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { BoundedRow } from '../../database/page-bytes.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { NotAReplyError, ReplyNotRetryableError, type RetriedReply, RetriesService } from '../messages/index.js';
import type { Administrator } from './administrator.js';
import { AuditLog } from './audit-log.js';
import { ConversationsRepository, type MessageFilter, type MessageRecord, type RoomRecord } from './conversations.repository.js';
import type { PageWish } from './list-query.js';

/** What administrators see of conversations, and the failed replies that they have tried again. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly database: Database,
    private readonly conversations: ConversationsRepository,
    private readonly retries: RetriesService,
    private readonly audit: AuditLog,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @param withNames names tell of content; reading them is audited @throws ForbiddenError where nobody may */
  async listChatrooms(
    by: Administrator,
    filter: { readonly userId?: string | undefined },
    withNames: boolean,
    page: PageWish,
  ): Promise<RoomRecord[]> {
    if (!withNames) return this.conversations.listRooms(filter, false, page);
    this.assertContentIsReadable();
    const rows = await this.conversations.listRooms(filter, true, page);
    await this.auditReading(by, 'chatrooms.read', 'chatroom_ids', rows);
    return rows;
  }

  /** @param withContent reading it is audited @throws ForbiddenError where nobody may */
  async listMessages(
    by: Administrator,
    filter: MessageFilter,
    withContent: boolean,
    page: PageWish,
  ): Promise<(MessageRecord & BoundedRow)[]> {
    if (!withContent) return this.conversations.listMessages(filter, false, page);
    this.assertContentIsReadable();
    const rows = await this.conversations.listMessages(filter, true, page);
    await this.auditReading(by, 'messages.read', 'message_ids', rows);
    return rows;
  }

  /** Has a failed reply tried again. @throws NotFoundError, NotAReplyError, ReplyNotRetryableError */
  async retryReply(by: Administrator, id: string): Promise<MessageRecord> {
    const message = await this.getMessage(id);
    if (message.role !== 'model') throw new NotAReplyError();
    const [retried, answer] = await this.database.transaction(async (transaction) => {
      const replies = await this.putBack(transaction, by, [id]);
      if (replies.length === 0) throw new ReplyNotRetryableError();
      // Read before a worker may begin, so that the answer is what the retry has made of it.
      return [replies, await this.getMessage(id, transaction)] as const;
    });
    await this.retries.start(retried);
    return answer;
  }

  /**
   * Has the oldest failed replies that the filter lets through tried again; imported and copied ones are left out.
   *
   * @param count at most so many
   * @returns the ids of those that were put back, and whether there may be more
   */
  async retryReplies(
    by: Administrator,
    filter: Omit<MessageFilter, 'status' | 'role'>,
    count: number,
  ): Promise<{ ids: string[]; hasMore: boolean }> {
    const found = await this.conversations.findFailed(filter, count + 1);
    const retried = await this.database.transaction((transaction) => this.putBack(transaction, by, found.slice(0, count)));
    await this.retries.start(retried);
    return { ids: retried.map(({ replyId }) => replyId), hasMore: found.length > count };
  }

  /** @throws ForbiddenError where the setting does not let administrators read what users wrote */
  assertContentIsReadable(): void {
    if (!this.config.ADMIN_READS_CONTENT) throw new ForbiddenError();
  }

  private async putBack(transaction: Transaction, by: Administrator, ids: readonly string[]): Promise<RetriedReply[]> {
    const replies = await this.retries.retry(transaction, ids);
    await this.audit.record(
      transaction,
      by,
      replies.map(({ replyId, errorCode, failedModel, attempt, model }) => ({
        action: 'message.retry',
        targetId: replyId,
        before: { status: 'failed', error_code: errorCode, model: failedModel },
        after: { status: 'pending', attempt, model },
      })),
    );
    return replies;
  }

  /** Before the answer goes out: what cannot be noted is not shown. */
  private async auditReading(
    by: Administrator,
    action: 'chatrooms.read' | 'messages.read',
    member: string,
    rows: readonly { readonly id: string }[],
  ): Promise<void> {
    if (rows.length === 0) return;
    await this.audit.record(this.database, by, [{ action, targetId: null, before: null, after: { [member]: rows.map(({ id }) => id) } }]);
  }

  private async getMessage(id: string, on: StatementRunner = this.database): Promise<MessageRecord> {
    const message = await this.conversations.findMessage(id, on);
    if (!message) throw new NotFoundError();
    return message;
  }
}
