import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '../../common/http/page.js';
import { REASONING_LEVELS, type ReasoningLevel } from '../../config/models.js';
import type { Chatroom } from './chatrooms.repository.js';
import type { RoomSettings } from './chatrooms.service.js';

export class ChatroomResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly id!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Trip to Kyoto' })
  readonly name!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly system_instruction!: string | null;

  @ApiProperty({ description: "The model that answers now: the room's own while the plan includes it.", example: 'gemini-3.5-flash-lite' })
  readonly model!: string;

  @ApiProperty({ description: 'Whether replies may search the web, as far as plan and model offer it.', example: false })
  readonly web_search!: boolean;

  @ApiProperty({
    enum: REASONING_LEVELS,
    nullable: true,
    description: "The level of reasoning, as far as plan and model offer it; null for the model's default.",
    example: null,
  })
  readonly reasoning!: ReasoningLevel | null;

  @ApiProperty({ example: false })
  readonly archived!: boolean;

  @ApiProperty({ type: 'integer', description: 'The number of messages on all branches.', example: 2 })
  readonly message_count!: number;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The oldest reply that is not finished.', example: null })
  readonly active_reply_id!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T20:15:03.120Z' })
  readonly last_message_at!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:01.000Z' })
  readonly created_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:01.000Z' })
  readonly updated_at!: string;
}

export class ChatroomPage extends PageOf(ChatroomResponse) {}

/** @param settings with which replies are made now */
export const toChatroomResponse = (room: Chatroom, settings: RoomSettings): ChatroomResponse => ({
  id: room.id,
  name: room.name,
  system_instruction: room.systemInstruction,
  model: settings.model,
  web_search: settings.webSearch,
  reasoning: settings.reasoning,
  archived: room.archived,
  message_count: room.lastPosition,
  active_reply_id: room.activeReplyId,
  last_message_at: room.lastMessageAt?.toISOString() ?? null,
  created_at: room.createdAt.toISOString(),
  updated_at: room.updatedAt.toISOString(),
});
