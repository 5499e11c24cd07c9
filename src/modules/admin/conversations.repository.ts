import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import type { BoundedRow } from '../../database/page-bytes.js';
import { statement } from '../../database/statement.js';
import { type FinishReason, type MessageStatus, RETRYABLE } from '../messages/index.js';
import { ListQuery, newestFirst, type PageWish } from './list-query.js';

/** A chatroom as administrators see it. */
export interface RoomRecord {
  readonly id: string;
  readonly user_id: string;
  /** Null too where its reader may not see what the room is about. */
  readonly name: string | null;
  readonly model: string | null;
  readonly archived: boolean;
  readonly message_count: number;
  readonly last_message_at: Date | null;
  readonly created_at: Date;
}

/** A message as administrators see it. */
export interface MessageRecord {
  readonly id: string;
  readonly chatroom_id: string;
  readonly user_id: string;
  readonly position: number;
  readonly role: 'user' | 'model';
  readonly status: MessageStatus;
  /** Null where its reader may not see it. */
  readonly content: string | null;
  readonly model: string | null;
  readonly attempt: number;
  readonly finish_reason: FinishReason | null;
  readonly error_code: string | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly total_tokens: number | null;
  readonly usage_estimated: boolean | null;
  readonly created_at: Date;
  readonly first_token_at: Date | null;
  readonly completed_at: Date | null;
}

export interface MessageFilter {
  readonly status?: MessageStatus | undefined;
  readonly role?: 'user' | 'model' | undefined;
  readonly errorCode?: string | undefined;
  readonly userId?: string | undefined;
  readonly chatroomId?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

const roomColumns = (withNames: boolean) =>
  `SELECT c.id, c.user_id, ${withNames ? 'c.name' : 'NULL::text AS name'}, c.model, c.archived, c.last_position AS message_count, c.last_message_at,
     c.created_at FROM chatrooms c`;

const messageColumns = (withContent: boolean) =>
  `SELECT m.id, m.chatroom_id, m.user_id, m.position, m.role, m.status, ${withContent ? 'm.content' : 'NULL::text AS content'}, m.model, m.attempt,
     m.finish_reason, m.error_code, m.input_tokens, m.output_tokens, m.reasoning_tokens, m.total_tokens, m.usage_estimated,
     m.created_at, m.first_token_at, m.completed_at FROM messages m`;

const findMessage = statement<MessageRecord>('admin_find_message', `${messageColumns(false)} WHERE m.id = $1`);

/** Those that begin and end within a room are read along it; all others by time. */
const BY_POSITION = [{ column: 'm.position', type: 'integer' }] as const;

// The words of the partial indexes: PostgreSQL has to see that a filter is within them.
const STATUS: Readonly<Record<MessageStatus, string>> = {
  pending: `m.status = 'pending'`,
  streaming: `m.status = 'streaming'`,
  completed: `m.status = 'completed'`,
  failed: `m.status = 'failed'`,
  blocked: `m.status = 'blocked'`,
  cancelled: `m.status = 'cancelled'`,
};

/** Reads chatrooms and messages of all users. */
@Injectable()
export class ConversationsRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async listRooms(filter: { readonly userId?: string | undefined }, withNames: boolean, page: PageWish): Promise<RoomRecord[]> {
    const query = new ListQuery()
      .where('c.user_id = ?', filter.userId)
      // Ids rise with time, so the primary key is the order.
      .page<RoomRecord>(roomColumns(withNames), [{ column: 'c.id', type: 'uuid' }], 'DESC', page);
    return this.database.run(query.statement, query.values);
  }

  async findMessage(id: string, on: StatementRunner): Promise<MessageRecord | null> {
    return (await on.run(findMessage, [id]))[0] ?? null;
  }

  /** Newest first. */
  async listMessages(filter: MessageFilter, withContent: boolean, page: PageWish): Promise<(MessageRecord & BoundedRow)[]> {
    const order = filter.chatroomId === undefined ? newestFirst('m') : BY_POSITION;
    const query = this.select(filter).page<MessageRecord & BoundedRow>(messageColumns(withContent), order, 'DESC', page, {
      as: 'm',
      columns: ['m.content'],
    });
    return this.database.run(query.statement, query.values);
  }

  /** The ids of the oldest replies that failed here, as far as the filter lets them through. */
  async findFailed(filter: Omit<MessageFilter, 'status' | 'role'>, count: number): Promise<string[]> {
    const query = this.select(filter)
      .when('retryable', { retryable: RETRYABLE })
      .page<{ id: string }>('SELECT m.id FROM messages m', newestFirst('m'), 'ASC', {
        after: null,
        count,
      });
    return (await this.database.run(query.statement, query.values)).map(({ id }) => id);
  }

  private select({ status, role, errorCode, userId, chatroomId, from, to }: MessageFilter): ListQuery {
    return new ListQuery()
      .when(status, STATUS)
      .where('m.role = ?', role)
      .where('m.error_code = ?', errorCode)
      .where('m.user_id = ?', userId)
      .where('m.chatroom_id = ?', chatroomId)
      .where('m.created_at >= ?', from)
      .where('m.created_at < ?', to);
  }
}

/** Where a page of messages goes on after this row: as `listMessages` orders them. */
export const messageKey = ({ chatroomId }: MessageFilter, row: MessageRecord): string[] =>
  chatroomId === undefined ? [row.created_at.toISOString(), row.id] : [String(row.position)];
