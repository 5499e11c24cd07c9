import { AttachmentResponse, toAttachmentResponse } from '../../attachments/index.js';
import { ApiProperty } from '@nestjs/swagger';
import { DEFAULT_PAGE_SIZE, type Page, PageOf, toPage } from '../../../common/http/page.js';
import {
  describeReplyError,
  type FinishReason,
  FINISH_REASONS,
  MESSAGE_STATUSES,
  type MessageStatus,
  REPLY_ERROR_CODES,
  type Rating,
  RATINGS,
} from '../../messages/index.js';
import { messageKey, type MessageRecord, type RoomRecord } from '../conversations.repository.js';
import { type ListMessagesQuery, type ListRoomsQuery, toMessageFilter } from './conversation.request.js';

export class RoomRecordResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly id!: string;

  @ApiProperty({ format: 'uuid', example: '019ab3f2-5c0b-7e41-9f13-0a1b2c3d4e5f' })
  readonly user_id!: string;

  @ApiProperty({ example: 'ada.lovelace' })
  readonly username!: string;

  @ApiProperty({ type: String, nullable: true, description: 'null without `content=true`, too.', example: null })
  readonly name!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The chosen model; null is the plan’s default.', example: null })
  readonly model!: string | null;

  @ApiProperty({ example: false })
  readonly archived!: boolean;

  @ApiProperty({ type: 'integer', example: 2 })
  readonly message_count!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T20:15:03.120Z' })
  readonly last_message_at!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:01.000Z' })
  readonly created_at!: string;
}

export class RoomRecordPage extends PageOf(RoomRecordResponse) {}

class RecordErrorResponse {
  @ApiProperty({ enum: REPLY_ERROR_CODES, example: 'model_timeout' })
  readonly code!: string;

  @ApiProperty({ example: 'The model took too long to answer.' })
  readonly message!: string;
}

class RecordUsageResponse {
  @ApiProperty({ type: 'integer', example: 12 })
  readonly input_tokens!: number;

  @ApiProperty({ type: 'integer', example: 48 })
  readonly output_tokens!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  readonly reasoning_tokens!: number;

  @ApiProperty({ type: 'integer', example: 60 })
  readonly total_tokens!: number;

  @ApiProperty({ example: false })
  readonly estimated!: boolean;
}

export class MessageRecordResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a' })
  readonly id!: string;

  @ApiProperty({ format: 'uuid', example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly chatroom_id!: string;

  @ApiProperty({ format: 'uuid', example: '019ab3f2-5c0b-7e41-9f13-0a1b2c3d4e5f' })
  readonly user_id!: string;

  @ApiProperty({ example: 'ada.lovelace' })
  readonly username!: string;

  @ApiProperty({ enum: ['user', 'model'], example: 'model' })
  readonly role!: 'user' | 'model';

  @ApiProperty({ enum: MESSAGE_STATUSES, example: 'failed' })
  readonly status!: MessageStatus;

  @ApiProperty({ type: String, nullable: true, description: 'null without `content=true`.', example: null })
  readonly content!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'gemini-3.5-flash-lite' })
  readonly model!: string | null;

  @ApiProperty({ type: 'integer', description: 'Attempts at a reply; a retry of a failed reply counts as one more.', example: 1 })
  readonly attempt!: number;

  @ApiProperty({ enum: FINISH_REASONS, nullable: true, example: 'error' })
  readonly finish_reason!: FinishReason | null;

  @ApiProperty({ type: RecordErrorResponse, nullable: true, example: null })
  readonly error!: RecordErrorResponse | null;

  @ApiProperty({ type: RecordUsageResponse, nullable: true })
  readonly usage!: RecordUsageResponse | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'The first token of the text.',
    example: '2026-11-22T20:15:04.010Z',
  })
  readonly first_token_at!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'The first thought that was shown; null without thoughts.',
    example: null,
  })
  readonly first_thought_at!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T20:15:05.870Z' })
  readonly completed_at!: string | null;

  @ApiProperty({
    type: [AttachmentResponse],
    description: 'The files of a user message; `POST /admin/attachments/{attachment_id}/link` opens one.',
    example: [],
  })
  readonly attachments!: AttachmentResponse[];

  @ApiProperty({ enum: RATINGS, nullable: true, description: "The user's rating of a reply.", example: null })
  readonly rating!: Rating | null;

  @ApiProperty({ type: String, nullable: true, description: "The user's comment on the rating; null without `content`.", example: null })
  readonly comment!: string | null;
}

export class MessageRecordPage extends PageOf(MessageRecordResponse) {}

export class RetriedRepliesResponse {
  @ApiProperty({
    type: [String],
    format: 'uuid',
    description: 'The replies that are retried.',
    example: ['019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a'],
  })
  readonly message_ids!: string[];

  @ApiProperty({ description: 'Whether more failed replies may be left; send the request again for them.', example: false })
  readonly has_more!: boolean;
}

const toRoomRecordResponse = (room: RoomRecord): RoomRecordResponse => ({
  id: room.id,
  user_id: room.userId,
  username: room.username,
  name: room.name ?? null,
  model: room.model,
  archived: room.archived,
  message_count: room.lastPosition,
  last_message_at: room.lastMessageAt?.toISOString() ?? null,
  created_at: room.createdAt.toISOString(),
});

export const toMessageRecordResponse = (message: MessageRecord): MessageRecordResponse => ({
  id: message.id,
  chatroom_id: message.chatroomId,
  user_id: message.userId,
  username: message.username,
  role: message.role,
  status: message.status,
  content: message.content ?? null,
  model: message.model,
  attempt: message.attempt,
  finish_reason: message.finishReason,
  error: message.errorCode === null ? null : describeReplyError(message.errorCode),
  usage:
    message.totalTokens === null
      ? null
      : {
          input_tokens: message.inputTokens ?? 0,
          output_tokens: message.outputTokens ?? 0,
          reasoning_tokens: message.reasoningTokens ?? 0,
          total_tokens: message.totalTokens,
          estimated: message.usageEstimated ?? false,
        },
  created_at: message.createdAt.toISOString(),
  first_token_at: message.firstTokenAt?.toISOString() ?? null,
  first_thought_at: message.firstThoughtAt?.toISOString() ?? null,
  completed_at: message.completedAt?.toISOString() ?? null,
  attachments: message.attachments.map(toAttachmentResponse),
  rating: message.rating,
  comment: message.comment ?? null,
});

export const toRoomRecordPage = (rows: readonly RoomRecord[], { limit }: ListRoomsQuery): Page<RoomRecordResponse> =>
  toPage(rows, limit ?? DEFAULT_PAGE_SIZE, ({ id }) => [id], toRoomRecordResponse);

export const toMessageRecordPage = (rows: readonly MessageRecord[], query: ListMessagesQuery): Page<MessageRecordResponse> =>
  toPage(rows, query.limit ?? DEFAULT_PAGE_SIZE, (row) => messageKey(toMessageFilter(query), row), toMessageRecordResponse);

export const toRetriedRepliesResponse = ({ ids, hasMore }: { ids: string[]; hasMore: boolean }): RetriedRepliesResponse => ({
  message_ids: ids,
  has_more: hasMore,
});
