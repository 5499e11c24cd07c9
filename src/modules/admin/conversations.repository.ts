import type { PageRequest } from '../../common/http/page.js';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository, SelectQueryBuilder } from 'typeorm';
import type { Transaction } from '../../database/database.js';
import type { BoundedRow } from '../../database/page-bytes.js';
import { ATTACHMENTS_OF_MESSAGE, type AttachmentSummary } from '../attachments/index.js';
import { ChatroomEntity } from '../chatrooms/index.js';
import { FeedbackEntity, MessageEntity, type Rating, RETRYABLE } from '../messages/index.js';
import {
  addConditions,
  addPage,
  type Conditions,
  getRowsWithinPageBytes,
  idOfUser,
  type ListOrder,
  nameOfUser,
  NEWEST_FIRST,
  OLDEST_FIRST,
  selectProperties,
} from './list-query.js';

const ROOM_PROPERTIES = ['id', 'userId', 'model', 'archived', 'lastPosition', 'lastMessageAt', 'createdAt'] as const;

/** A chatroom as administrators see it. */
export interface RoomRecord extends Readonly<Pick<ChatroomEntity, (typeof ROOM_PROPERTIES)[number]>> {
  readonly username: string;
  /** Absent where the reader may not see it: a name is content. */
  readonly name?: string | null;
}

const MESSAGE_PROPERTIES = [
  'id',
  'chatroomId',
  'userId',
  'position',
  'role',
  'status',
  'model',
  'attempt',
  'finishReason',
  'errorCode',
  'inputTokens',
  'outputTokens',
  'reasoningTokens',
  'totalTokens',
  'usageEstimated',
  'createdAt',
  'firstTokenAt',
  'firstThoughtAt',
  'completedAt',
] as const;

/** A message as administrators see it. */
export interface MessageRecord extends Readonly<Pick<MessageEntity, (typeof MESSAGE_PROPERTIES)[number]>>, BoundedRow {
  readonly username: string;
  readonly rating: Rating | null;
  readonly attachments: readonly AttachmentSummary[];
  /** Absent where the reader may not see it, as is the comment on the rating. */
  readonly content?: string;
  readonly comment?: string | null;
}

export interface RoomFilter {
  readonly userId?: string | undefined;
  readonly username?: string | undefined;
}

export interface FailedReplyFilter {
  readonly errorCode?: string | undefined;
  readonly userId?: string | undefined;
  readonly username?: string | undefined;
  readonly chatroomId?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

export interface MessageFilter extends FailedReplyFilter {
  readonly status?: MessageEntity['status'] | undefined;
  readonly role?: MessageEntity['role'] | undefined;
  readonly rating?: Rating | undefined;
}

const ROOM_CONDITIONS: Conditions<RoomFilter> = { userId: 'c.userId = :userId', username: `c.userId = ${idOfUser('username')}` };

const MESSAGE_CONDITIONS: Conditions<MessageFilter> = {
  status: 'm.status = :status',
  role: 'm.role = :role',
  rating: 'rated.rating = :rating',
  errorCode: 'm.errorCode = :errorCode',
  userId: 'm.userId = :userId',
  username: `m.userId = ${idOfUser('username')}`,
  chatroomId: 'm.chatroomId = :chatroomId',
  from: 'm.createdAt >= :from',
  to: 'm.createdAt < :to',
};

/** Ids rise with time, so the primary key is the order. */
const NEWEST_ID_FIRST = { by: ['id'], direction: 'DESC' } as const;
const LAST_POSITION_FIRST = { by: ['position'], direction: 'DESC' } as const;

/** The messages of one room are read by position, those with a rating by the index of ratings, all others by time. */
export const messageOrder = ({ chatroomId, rating }: MessageFilter): ListOrder<'createdAt' | 'id' | 'position'> =>
  chatroomId !== undefined ? LAST_POSITION_FIRST : rating !== undefined ? NEWEST_ID_FIRST : NEWEST_FIRST;

/** The key of a page of `listMessages` that starts after this row. */
export const messageKey = (filter: MessageFilter, { createdAt, id, position }: MessageRecord): string[] => {
  const key = { position: String(position), id, createdAt: createdAt.toISOString() };
  return messageOrder(filter).by.map((property) => key[property]);
};

const ofFeedback = (column: 'rating' | 'comment') => `(SELECT f.${column} FROM feedback f WHERE f.message_id = m.id)`;

/** Reads chatrooms and messages of all users. */
@Injectable()
export class ConversationsRepository {
  constructor(
    @InjectRepository(ChatroomEntity) private readonly chatrooms: Repository<ChatroomEntity>,
    @InjectRepository(MessageEntity) private readonly messages: Repository<MessageEntity>,
  ) {}

  /** Newest first. */
  listRooms(filter: RoomFilter, withNames: boolean, page: PageRequest): Promise<RoomRecord[]> {
    const properties = withNames ? ([...ROOM_PROPERTIES, 'name'] as const) : ROOM_PROPERTIES;
    const query = selectProperties(this.chatrooms.createQueryBuilder('c'), properties).addSelect(nameOfUser('c.userId'), 'username');
    return addPage(addConditions(query, ROOM_CONDITIONS, filter), NEWEST_ID_FIRST, page).getRawMany<RoomRecord>();
  }

  async findMessage(id: string, transaction?: Transaction): Promise<MessageRecord | null> {
    const messages = transaction?.manager.withRepository(this.messages) ?? this.messages;
    const query = selectProperties(messages.createQueryBuilder('m'), MESSAGE_PROPERTIES)
      .addSelect(nameOfUser('m.userId'), 'username')
      .addSelect(ofFeedback('rating'), 'rating')
      .addSelect(ATTACHMENTS_OF_MESSAGE, 'attachments')
      .where('m.id = :id', { id });
    return (await query.getRawOne<MessageRecord>()) ?? null;
  }

  /** Newest first. */
  listMessages(filter: MessageFilter, withContent: boolean, page: PageRequest): Promise<MessageRecord[]> {
    const order = messageOrder(filter);
    const properties = withContent ? ([...MESSAGE_PROPERTIES, 'content'] as const) : MESSAGE_PROPERTIES;
    const selected = this.select(properties, filter)
      .addSelect(nameOfUser('m.userId'), 'username')
      .addSelect(ofFeedback('rating'), 'rating')
      .addSelect(ATTACHMENTS_OF_MESSAGE, 'attachments');
    // PostgreSQL knows that both ids are equal, but not that it may begin in the index of ratings after the last page.
    if (page.after !== null && order === NEWEST_ID_FIRST) selected.andWhere('rated.messageId < :last', { last: page.after[0] });
    const query = addPage(withContent ? selected.addSelect(ofFeedback('comment'), 'comment') : selected, order, page);
    if (!withContent) return query.getRawMany<MessageRecord>();
    return getRowsWithinPageBytes<MessageRecord>(query, order, ['content']);
  }

  /** The ids of the oldest failed replies that match the filter. Imported and copied ones are left out. */
  async findFailed(filter: FailedReplyFilter, count: number): Promise<string[]> {
    const query = this.select(['id'], filter).andWhere(RETRYABLE);
    const rows = await addPage(query, OLDEST_FIRST, { after: null, count }).getRawMany<Pick<MessageRecord, 'id'>>();
    return rows.map(({ id }) => id);
  }

  private select(properties: readonly (keyof MessageEntity)[], filter: MessageFilter): SelectQueryBuilder<MessageEntity> {
    const query = selectProperties(this.messages.createQueryBuilder('m'), properties);
    if (filter.rating !== undefined) query.innerJoin(FeedbackEntity, 'rated', 'rated.messageId = m.id');
    return addConditions(query, MESSAGE_CONDITIONS, filter);
  }
}
