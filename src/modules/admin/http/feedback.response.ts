import type { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { FINISH_REASONS, type FinishReason, MESSAGE_STATUSES, type MessageStatus, type Rating, RATINGS } from '../../messages/index.js';
import type { RatedReply } from '../feedback-export.service.js';

/** https://github.com/ndjson/ndjson-spec */
export const JSON_LINES = 'application/x-ndjson';

class CitedPageResponse {
  @ApiProperty({ example: 'Kyoto travel guide' })
  readonly title!: string;

  @ApiProperty({ format: 'uri', example: 'https://example.com/kyoto' })
  readonly url!: string;
}

/** A line of the export. */
export class RatedReplyLine {
  @ApiProperty({ format: 'uuid', description: 'The reply.', example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a' })
  readonly message_id!: string;

  @ApiProperty({ format: 'uuid', example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly chatroom_id!: string;

  @ApiProperty({ format: 'uuid', example: '019ab3f2-5c0b-7e41-9f13-0a1b2c3d4e5f' })
  readonly user_id!: string;

  @ApiProperty({ enum: RATINGS, example: 'down' })
  readonly rating!: Rating;

  @ApiProperty({ type: String, nullable: true, example: 'It names the wrong temple.' })
  readonly comment!: string | null;

  @ApiProperty({ format: 'date', description: 'UTC day of the first rating.', example: '2026-11-22' })
  readonly rated_on!: string;

  @ApiProperty({ example: 'gemini-3.5-flash-lite' })
  readonly model!: string;

  @ApiProperty({ type: String, nullable: true, description: "The room's, as it is now.", example: null })
  readonly system_instruction!: string | null;

  @ApiProperty({ description: 'The message that the reply answers.', example: 'What should I see in Kyoto?' })
  readonly question!: string;

  @ApiProperty({ type: [String], description: 'The names of its files.', example: [] })
  readonly attachments!: string[];

  @ApiProperty({ example: 'Begin with the Golden Pavilion.' })
  readonly reply!: string;

  @ApiProperty({ type: [CitedPageResponse], nullable: true, description: 'Null for a reply without web search.', example: null })
  readonly sources!: CitedPageResponse[] | null;

  @ApiProperty({ enum: MESSAGE_STATUSES, example: 'completed' })
  readonly status!: MessageStatus;

  @ApiProperty({ enum: FINISH_REASONS, nullable: true, example: 'stop' })
  readonly finish_reason!: FinishReason | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Messages of the branch that the model was given.', example: 3 })
  readonly context_turns!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 812 })
  readonly input_tokens!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 120 })
  readonly output_tokens!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 0 })
  readonly reasoning_tokens!: number | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;
}

export const toRatedReplyLine = (row: RatedReply): RatedReplyLine => ({
  message_id: row.messageId,
  chatroom_id: row.chatroomId,
  user_id: row.userId,
  rating: row.rating,
  comment: row.comment,
  rated_on: row.day,
  model: row.model,
  system_instruction: row.systemInstruction,
  question: row.question,
  attachments: row.attachments.map(({ name }) => name),
  reply: row.reply,
  sources: row.sources?.map(({ title, url }) => ({ title, url })) ?? null,
  status: row.status,
  finish_reason: row.finishReason,
  context_turns: row.contextTurns,
  input_tokens: row.inputTokens,
  output_tokens: row.outputTokens,
  reasoning_tokens: row.reasoningTokens,
  created_at: row.createdAt.toISOString(),
});

export const toFeedbackFile = (lines: Readable): StreamableFile =>
  new StreamableFile(lines, { type: JSON_LINES, disposition: 'attachment; filename="feedback.jsonl"' });
