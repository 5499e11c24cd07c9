import type { PageRequest } from '../../common/http/page.js';
import { Injectable } from '@nestjs/common';
import { ForbiddenError, NotFoundError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type Transaction } from '../../database/database.js';
import { type AttachmentLink, LinksService } from '../attachments/index.js';
import { NotAReplyError, ReplyNotRetryableError, type RetriedReply, RetriesService } from '../messages/index.js';
import type { Administrator } from './administrator.js';
import { AuditLogService } from './audit-log.service.js';
import {
  ConversationsRepository,
  type FailedReplyFilter,
  type MessageFilter,
  type MessageRecord,
  type RoomFilter,
  type RoomRecord,
} from './conversations.repository.js';

/** Lists chatrooms and messages of all users, opens their files, and retries failed replies. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly database: Database,
    private readonly conversations: ConversationsRepository,
    private readonly retries: RetriesService,
    private readonly auditLog: AuditLogService,
    private readonly links: LinksService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * @param input.withNames names are content; reading them is audited
   * @throws ForbiddenError for names, where the setting does not let administrators read them
   */
  async listChatrooms(
    by: Administrator,
    { filter, withNames, page }: { readonly filter: RoomFilter; readonly withNames: boolean; readonly page: PageRequest },
  ): Promise<RoomRecord[]> {
    if (withNames) this.assertContentIsReadable();
    const rows = await this.conversations.listRooms(filter, withNames, page);
    if (withNames && rows.length > 0) {
      await this.auditLog.recordReading(by, { action: 'chatrooms.read', after: { chatroom_ids: rows.map(({ id }) => id) } });
    }
    return rows;
  }

  /**
   * @param input.withContent reading content is audited
   * @throws ForbiddenError for content, where the setting does not let administrators read it
   */
  async listMessages(
    by: Administrator,
    { filter, withContent, page }: { readonly filter: MessageFilter; readonly withContent: boolean; readonly page: PageRequest },
  ): Promise<MessageRecord[]> {
    if (withContent) this.assertContentIsReadable();
    const rows = await this.conversations.listMessages(filter, withContent, page);
    if (withContent && rows.length > 0) {
      await this.auditLog.recordReading(by, { action: 'messages.read', after: { message_ids: rows.map(({ id }) => id) } });
    }
    return rows;
  }

  /**
   * Creates a link to a file, by which its contents are read. It is audited.
   *
   * @throws NotFoundError; ForbiddenError where the setting does not let administrators read what users wrote
   */
  async createAttachmentLink(by: Administrator, { id }: { readonly id: string }): Promise<AttachmentLink> {
    this.assertContentIsReadable();
    const link = await this.links.createLinkToAny(id);
    await this.auditLog.recordReading(by, { action: 'attachment.read', targetId: id });
    return link;
  }

  /** Retries a failed reply. @throws NotFoundError, NotAReplyError, ReplyNotRetryableError */
  async retryReply(by: Administrator, { id }: { readonly id: string }): Promise<MessageRecord> {
    const message = await this.getMessage(id);
    if (message.role !== 'model') throw new NotAReplyError();
    const [retried, answer] = await this.database.transaction(async (transaction) => {
      const replies = await this.retry(by, [id], transaction);
      if (replies.length === 0) throw new ReplyNotRetryableError();
      // Read before a worker may claim the reply, so that the answer shows the state that the retry has set.
      return [replies, await this.getMessage(id, transaction)] as const;
    });
    await this.retries.start(retried);
    return answer;
  }

  /**
   * Retries the oldest failed replies that match the filter; imported and copied ones are left out.
   *
   * @param input.count the most replies to retry
   * @returns the ids of the replies that are retried, and whether more may be left
   */
  async retryReplies(
    by: Administrator,
    { filter, count }: { readonly filter: FailedReplyFilter; readonly count: number },
  ): Promise<{ ids: string[]; hasMore: boolean }> {
    const found = await this.conversations.findFailed(filter, count + 1);
    const retried = await this.database.transaction((transaction) => this.retry(by, found.slice(0, count), transaction));
    await this.retries.start(retried);
    return { ids: retried.map(({ replyId }) => replyId), hasMore: found.length > count };
  }

  /** @throws ForbiddenError where the setting does not let administrators read what users wrote */
  assertContentIsReadable(): void {
    if (!this.config.ADMIN_READS_CONTENT) throw new ForbiddenError();
  }

  private async retry(by: Administrator, ids: readonly string[], transaction: Transaction): Promise<RetriedReply[]> {
    const replies = await this.retries.retry(transaction, ids);
    const entries = replies.map(({ replyId, errorCode, failedModel, attempt, model }) => ({
      action: 'message.retry' as const,
      targetId: replyId,
      before: { status: 'failed', error_code: errorCode, model: failedModel },
      after: { status: 'pending', attempt, model },
    }));
    await this.auditLog.recordChanges(by, entries, transaction);
    return replies;
  }

  private async getMessage(id: string, transaction?: Transaction): Promise<MessageRecord> {
    const message = await this.conversations.findMessage(id, transaction);
    if (!message) throw new NotFoundError();
    return message;
  }
}
