import { ApiProperty } from '@nestjs/swagger';
import { DEFAULT_PAGE_SIZE, type Page, PageOf, toPage } from '../../../common/http/page.js';
import {
  describeReplyError,
  type FinishReason,
  FINISH_REASONS,
  MESSAGE_STATUSES,
  type MessageStatus,
  REPLY_ERROR_CODES,
} from '../../messages/index.js';
import { messageKey, type MessageRecord, type RoomRecord } from '../conversations.repository.js';
import { type ListMessagesQuery, type ListRoomsQuery, toMessageFilter } from './conversation.request.js';

export class RoomRecordResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly id!: string;

  @ApiProperty({ format: 'uuid', example: '019ab3f2-5c0b-7e41-9f13-0a1b2c3d4e5f' })
  readonly user_id!: string;

  @ApiProperty({ type: String, nullable: true, description: 'null unless asked for with `content`, too.', example: null })
  readonly name!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'As chosen; null is the plan’s default.', example: null })
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

  @ApiProperty({ enum: ['user', 'model'], example: 'model' })
  readonly role!: 'user' | 'model';

  @ApiProperty({ enum: MESSAGE_STATUSES, example: 'failed' })
  readonly status!: MessageStatus;

  @ApiProperty({ type: String, nullable: true, description: 'null unless asked for with `content`.', example: null })
  readonly content!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'gemini-3.5-flash-lite' })
  readonly model!: string | null;

  @ApiProperty({ type: 'integer', description: 'Of a reply: how often it was begun, an ending that failed counted too.', example: 1 })
  readonly attempt!: number;

  @ApiProperty({ enum: FINISH_REASONS, nullable: true, example: 'error' })
  readonly finish_reason!: FinishReason | null;

  @ApiProperty({ type: RecordErrorResponse, nullable: true, example: null })
  readonly error!: RecordErrorResponse | null;

  @ApiProperty({ type: RecordUsageResponse, nullable: true })
  readonly usage!: RecordUsageResponse | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T20:15:04.010Z' })
  readonly first_token_at!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T20:15:05.870Z' })
  readonly completed_at!: string | null;
}

export class MessageRecordPage extends PageOf(MessageRecordResponse) {}

export class RetriedRepliesResponse {
  @ApiProperty({
    type: [String],
    format: 'uuid',
    description: 'Those that are tried again.',
    example: ['019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a'],
  })
  readonly message_ids!: string[];

  @ApiProperty({ description: 'Whether more are left: ask again.', example: false })
  readonly has_more!: boolean;
}

const toRoomRecordResponse = (room: RoomRecord): RoomRecordResponse => ({
  id: room.id,
  user_id: room.user_id,
  name: room.name,
  model: room.model,
  archived: room.archived,
  message_count: room.message_count,
  last_message_at: room.last_message_at?.toISOString() ?? null,
  created_at: room.created_at.toISOString(),
});

export const toMessageRecordResponse = (message: MessageRecord): MessageRecordResponse => ({
  id: message.id,
  chatroom_id: message.chatroom_id,
  user_id: message.user_id,
  role: message.role,
  status: message.status,
  content: message.content,
  model: message.model,
  attempt: message.attempt,
  finish_reason: message.finish_reason,
  error: message.error_code === null ? null : describeReplyError(message.error_code),
  usage:
    message.total_tokens === null
      ? null
      : {
          input_tokens: message.input_tokens ?? 0,
          output_tokens: message.output_tokens ?? 0,
          reasoning_tokens: message.reasoning_tokens ?? 0,
          total_tokens: message.total_tokens,
          estimated: message.usage_estimated ?? false,
        },
  created_at: message.created_at.toISOString(),
  first_token_at: message.first_token_at?.toISOString() ?? null,
  completed_at: message.completed_at?.toISOString() ?? null,
});

export const toRoomRecordPage = (rows: readonly RoomRecord[], { limit }: ListRoomsQuery): Page<RoomRecordResponse> =>
  toPage(rows, limit ?? DEFAULT_PAGE_SIZE, ({ id }) => [id], toRoomRecordResponse);

export const toMessageRecordPage = (rows: readonly MessageRecord[], query: ListMessagesQuery): Page<MessageRecordResponse> =>
  toPage(rows, query.limit ?? DEFAULT_PAGE_SIZE, (row) => messageKey(toMessageFilter(query), row), toMessageRecordResponse);
