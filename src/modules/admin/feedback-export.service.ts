import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import type { PageRequest } from '../../common/http/page.js';
import type { BoundedRow } from '../../database/page-bytes.js';
import { ATTACHMENTS_OF_MESSAGE, type AttachmentSummary } from '../attachments/index.js';
import { ChatroomEntity } from '../chatrooms/index.js';
import { FeedbackEntity, MessageEntity, type Rating } from '../messages/index.js';
import type { Administrator } from './administrator.js';
import { AuditLogService } from './audit-log.service.js';
import { ConversationsService } from './conversations.service.js';
import { ExportedListsService } from './exported-lists.service.js';
import { addConditions, addPage, type Conditions, getRowsWithinPageBytes } from './list-query.js';

const ROWS_AT_A_TIME = 100;

/** Ids rise with time, so that this is newest first. */
const NEWEST_ID_FIRST = { by: ['messageId'], direction: 'DESC' } as const;

export interface FeedbackFilter {
  readonly rating?: Rating | undefined;
  readonly model?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

const CONDITIONS: Conditions<FeedbackFilter> = {
  rating: 'f.rating = :rating',
  model: 'f.model = :model',
  from: 'r.createdAt >= :from',
  to: 'r.createdAt < :to',
};

/** A rated reply, and what it answers. */
export interface RatedReply extends Readonly<
  Pick<FeedbackEntity, 'messageId' | 'userId' | 'rating' | 'comment' | 'model' | 'day'> &
    Pick<
      MessageEntity,
      'chatroomId' | 'status' | 'finishReason' | 'contextTurns' | 'inputTokens' | 'outputTokens' | 'reasoningTokens' | 'createdAt'
    >
> {
  readonly systemInstruction: string | null;
  readonly question: string;
  readonly attachments: readonly AttachmentSummary[];
  readonly reply: string;
  readonly sources: MessageEntity['sources'];
}

const COLUMNS: Readonly<Record<keyof RatedReply, string>> = {
  messageId: 'f.messageId',
  userId: 'f.userId',
  rating: 'f.rating',
  comment: 'f.comment',
  model: 'f.model',
  day: `to_char(f.day, 'YYYY-MM-DD')`,
  chatroomId: 'r.chatroomId',
  status: 'r.status',
  finishReason: 'r.finishReason',
  contextTurns: 'r.contextTurns',
  inputTokens: 'r.inputTokens',
  outputTokens: 'r.outputTokens',
  reasoningTokens: 'r.reasoningTokens',
  createdAt: 'r.createdAt',
  systemInstruction: 'c.systemInstruction',
  question: 'm.content',
  attachments: ATTACHMENTS_OF_MESSAGE,
  reply: 'r.content',
  sources: 'r.sources',
};

/** Exports rated replies for an evaluation of models: JSON, one line each (https://jsonlines.org). */
@Injectable()
export class FeedbackExportService {
  constructor(
    @InjectRepository(FeedbackEntity) private readonly feedback: Repository<FeedbackEntity>,
    private readonly access: ConversationsService,
    private readonly lists: ExportedListsService,
    private readonly auditLog: AuditLogService,
  ) {}

  /**
   * The newest replies first. Thoughts of the model are left out, because they are shown to its user alone.
   *
   * @param toLine what a line has of a reply
   * @throws ForbiddenError where the setting does not let administrators read what users wrote
   */
  async exportFeedback(by: Administrator, filter: FeedbackFilter, toLine: (row: RatedReply) => object): Promise<Readable> {
    this.access.assertContentIsReadable();
    await this.auditLog.recordReading(by, { action: 'feedback.export', after: { filter } });
    const source = {
      list: (page: PageRequest) => this.list(filter, page),
      keyOf: ({ messageId }: RatedReply) => [messageId],
      rowsAtATime: ROWS_AT_A_TIME,
    };
    return this.lists.toText(by, source, (rows) => rows.map((row) => `${JSON.stringify(toLine(row))}\n`).join(''));
  }

  private list(filter: FeedbackFilter, page: PageRequest): Promise<(RatedReply & BoundedRow)[]> {
    const query = this.feedback
      .createQueryBuilder('f')
      .innerJoin(MessageEntity, 'r', 'r.id = f.messageId')
      .innerJoin(MessageEntity, 'm', 'm.id = r.parentId')
      .innerJoin(ChatroomEntity, 'c', 'c.id = r.chatroomId')
      .select([]);
    for (const [name, column] of Object.entries(COLUMNS)) query.addSelect(column, name);
    return getRowsWithinPageBytes<RatedReply>(addPage(addConditions(query, CONDITIONS, filter), NEWEST_ID_FIRST, page), NEWEST_ID_FIRST, [
      'question',
      'reply',
      'systemInstruction',
      'comment',
      'sources',
      'attachments',
    ]);
  }
}
