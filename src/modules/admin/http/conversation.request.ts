import { ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsIn, IsInt, Max, Min, ValidateIf } from 'class-validator';
import { decodeCursor, DEFAULT_PAGE_SIZE, isPosition, isTimestamp, PageQuery } from '../../../common/http/page.js';
import { isId } from '../../../common/ids.js';
import { MESSAGE_STATUSES, type MessageStatus, REPLY_ERROR_CODES } from '../../messages/index.js';
import type { MessageFilter } from '../conversations.repository.js';
import type { PageWish } from '../list-query.js';
import { IsFilterId, IsFilterWord, IsMoment } from './filter.fields.js';

const RETRIED_AT_ONCE = 100;

const CONTENT = 'true shows what was written, where ADMIN_READS_CONTENT allows it; the reading is noted in the audit log.';

export class ListRoomsQuery extends PageQuery {
  @IsFilterId('Only rooms of this user.')
  readonly user_id?: string;

  @IsFilterWord(['true', 'false'], CONTENT)
  readonly content?: 'true' | 'false';
}

export class MessageFilterQuery {
  @IsFilterWord(MESSAGE_STATUSES)
  readonly status?: MessageStatus;

  @IsFilterWord(['user', 'model'])
  readonly role?: 'user' | 'model';

  @IsFilterId('Only messages of this user.')
  readonly user_id?: string;

  @IsFilterId('Only messages of this chatroom.')
  readonly chatroom_id?: string;

  @IsMoment('Made then or later.')
  readonly from?: Date;

  @IsMoment('Made before.')
  readonly to?: Date;

  @IsFilterWord(['true', 'false'], CONTENT)
  readonly content?: 'true' | 'false';
}

export class ListMessagesQuery extends IntersectionType(PageQuery, MessageFilterQuery) {}

export class RetryRepliesRequest {
  @ApiPropertyOptional({ enum: REPLY_ERROR_CODES, example: 'model_unavailable', description: 'Only replies that failed with this code.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(REPLY_ERROR_CODES, { message: `error_code must be one of ${REPLY_ERROR_CODES.join(', ')}` })
  readonly error_code?: string;

  @IsFilterId('Only replies to this user.')
  readonly user_id?: string;

  @IsFilterId('Only replies in this chatroom.')
  readonly chatroom_id?: string;

  @IsMoment('Accepted then or later.')
  readonly from?: Date;

  @IsMoment('Accepted before.')
  readonly to?: Date;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: RETRIED_AT_ONCE, default: RETRIED_AT_ONCE, example: RETRIED_AT_ONCE })
  @ValidateIf((_, value) => value !== undefined)
  @IsInt({ message: `limit must be a whole number from 1 to ${RETRIED_AT_ONCE}` })
  @Min(1, { message: `limit must be a whole number from 1 to ${RETRIED_AT_ONCE}` })
  @Max(RETRIED_AT_ONCE, { message: `limit must be a whole number from 1 to ${RETRIED_AT_ONCE}` })
  readonly limit?: number;
}

export const toMessageFilter = ({ status, role, user_id, chatroom_id, from, to }: MessageFilterQuery): MessageFilter => ({
  status,
  role,
  userId: user_id,
  chatroomId: chatroom_id,
  from,
  to,
});

export const toRetryFilter = ({ error_code, user_id, chatroom_id, from, to }: RetryRepliesRequest): MessageFilter => ({
  errorCode: error_code,
  userId: user_id,
  chatroomId: chatroom_id,
  from,
  to,
});

export const retryLimit = ({ limit }: RetryRepliesRequest): number => limit ?? RETRIED_AT_ONCE;

/** One row more than the page holds, to see whether there is another page. @throws ValidationFailedError */
export const roomPage = ({ cursor, limit }: PageQuery): PageWish => ({
  after: decodeCursor(cursor, [isId]),
  count: (limit ?? DEFAULT_PAGE_SIZE) + 1,
});

/** @throws ValidationFailedError */
export const messagePage = ({ cursor, limit, chatroom_id }: ListMessagesQuery): PageWish => ({
  after: decodeCursor(cursor, chatroom_id === undefined ? [isTimestamp, isId] : [isPosition]),
  count: (limit ?? DEFAULT_PAGE_SIZE) + 1,
});
