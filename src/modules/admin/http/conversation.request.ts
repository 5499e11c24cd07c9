import { ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsIn, IsInt, Max, Min, ValidateIf } from 'class-validator';
import { isPosition, isTimestamp, PageQuery, toPageRequest, type PageRequest } from '../../../common/http/page.js';
import { isId } from '../../../common/ids.js';
import { MESSAGE_STATUSES, type MessageStatus, type Rating, RATINGS, REPLY_ERROR_CODES } from '../../messages/index.js';
import { type FailedReplyFilter, type MessageFilter, messageOrder } from '../conversations.repository.js';
import { IsFilterId, IsFilterName, IsFilterWord, IsMoment } from './filter.fields.js';

const RETRIED_AT_ONCE = 100;

const CONTENT = 'true includes what users wrote, where ADMIN_READS_CONTENT allows it; the audit log records it.';

export class ListRoomsQuery extends PageQuery {
  @IsFilterId('Only chatrooms of this user.')
  readonly user_id?: string;

  @IsFilterName('Only chatrooms of the user with this name.')
  readonly username?: string;

  @IsFilterWord(['true', 'false'], CONTENT)
  readonly content?: 'true' | 'false';
}

export class MessageFilterQuery {
  @IsFilterWord(MESSAGE_STATUSES)
  readonly status?: MessageStatus;

  @IsFilterWord(['user', 'model'])
  readonly role?: 'user' | 'model';

  @IsFilterWord(RATINGS, 'Only replies that their user rated so.')
  readonly rating?: Rating;

  @IsFilterId('Only messages of this user.')
  readonly user_id?: string;

  @IsFilterName('Only messages of the user with this name.')
  readonly username?: string;

  @IsFilterId('Only messages of this chatroom.')
  readonly chatroom_id?: string;

  @IsMoment('Only messages created at this time or later.')
  readonly from?: Date;

  @IsMoment('Only messages created before this time.')
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

  @IsFilterName('Only replies to the user with this name.')
  readonly username?: string;

  @IsFilterId('Only replies in this chatroom.')
  readonly chatroom_id?: string;

  @IsMoment('Only replies accepted at this time or later.')
  readonly from?: Date;

  @IsMoment('Only replies accepted before this time.')
  readonly to?: Date;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: RETRIED_AT_ONCE, default: RETRIED_AT_ONCE, example: RETRIED_AT_ONCE })
  @ValidateIf((_, value) => value !== undefined)
  @IsInt({ message: `limit must be a whole number from 1 to ${RETRIED_AT_ONCE}` })
  @Min(1, { message: `limit must be a whole number from 1 to ${RETRIED_AT_ONCE}` })
  @Max(RETRIED_AT_ONCE, { message: `limit must be a whole number from 1 to ${RETRIED_AT_ONCE}` })
  readonly limit?: number;
}

export const toMessageFilter = ({ status, role, rating, user_id, username, chatroom_id, from, to }: MessageFilterQuery): MessageFilter => ({
  status,
  role,
  rating,
  userId: user_id,
  username,
  chatroomId: chatroom_id,
  from,
  to,
});

const toFailedReplyFilter = ({ error_code, user_id, username, chatroom_id, from, to }: RetryRepliesRequest): FailedReplyFilter => ({
  errorCode: error_code,
  userId: user_id,
  username,
  chatroomId: chatroom_id,
  from,
  to,
});

const PARTS_OF_KEY = { createdAt: isTimestamp, id: isId, position: isPosition };

/** @throws ValidationFailedError */
export const toRoomList = (query: ListRoomsQuery) => ({
  filter: { userId: query.user_id, username: query.username },
  withNames: query.content === 'true',
  page: toPageRequest(query, [isId]),
});

export const toMessageExport = (query: MessageFilterQuery) => ({ filter: toMessageFilter(query), withContent: query.content === 'true' });

/** @throws ValidationFailedError */
export function toMessageList(query: ListMessagesQuery): ReturnType<typeof toMessageExport> & { page: PageRequest } {
  const list = toMessageExport(query);
  return {
    ...list,
    page: toPageRequest(
      query,
      messageOrder(list.filter).by.map((property) => PARTS_OF_KEY[property]),
    ),
  };
}

export const toReplyRetry = (body: RetryRepliesRequest) => ({ filter: toFailedReplyFilter(body), count: body.limit ?? RETRIED_AT_ONCE });
