import { ApiProperty } from '@nestjs/swagger';
import { PageOf, toPage } from '../../../common/http/page.js';
import { AttachmentResponse, toAttachmentResponse } from '../../attachments/index.js';
import { type FinishReason, FINISH_REASONS, MESSAGE_STATUSES, type MessageStatus } from '../message-status.js';
import { type Rating, RATINGS } from '../feedback/feedback.entity.js';
import type { Exchange, Message } from '../message.js';
import { describeReplyError, REPLY_ERROR_CODES } from '../reply-errors.js';
import type { Branch } from './message.request.js';

class ReplyErrorResponse {
  @ApiProperty({ enum: REPLY_ERROR_CODES, example: 'model_timeout' })
  readonly code!: string;

  @ApiProperty({ example: 'The model took too long to answer.' })
  readonly message!: string;
}

class UsageResponse {
  @ApiProperty({ type: 'integer', example: 12 })
  readonly input_tokens!: number;

  @ApiProperty({ type: 'integer', example: 48 })
  readonly output_tokens!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  readonly reasoning_tokens!: number;

  @ApiProperty({ type: 'integer', example: 60 })
  readonly total_tokens!: number;

  @ApiProperty({ description: 'True when the model reported no usage and the numbers are estimates.', example: false })
  readonly estimated!: boolean;
}

class ContextAttachmentsResponse {
  @ApiProperty({ type: 'integer', description: 'Attachments that the model was given.', example: 1 })
  readonly sent!: number;

  @ApiProperty({
    type: 'integer',
    description: 'Attachments of these messages that did not fit, or that the model does not take. The model was told their names.',
    example: 0,
  })
  readonly omitted!: number;
}

class ContextResponse {
  @ApiProperty({ type: 'integer', description: 'Messages of the branch that the model was given.', example: 3 })
  readonly turns!: number;

  @ApiProperty({ type: 'integer', description: 'Older messages that did not fit.', example: 0 })
  readonly trimmed!: number;

  @ApiProperty({ type: 'integer', description: 'Older messages that were given as a summary.', example: 0 })
  readonly summarised!: number;

  @ApiProperty({ type: ContextAttachmentsResponse })
  readonly attachments!: ContextAttachmentsResponse;
}

class SourceResponse {
  @ApiProperty({ example: 'Kyoto travel guide' })
  readonly title!: string;

  @ApiProperty({
    description: 'An address of http or https. Google gives a redirect that lives for about 30 days.',
    format: 'uri',
    example: 'https://kyoto.example/guide',
  })
  readonly url!: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 },
    description: 'The passages of `content` that rest on the page: the start and the end of each, in UTF-16 units.',
    example: [[0, 33]],
  })
  readonly passages!: (readonly [start: number, end: number])[];
}

class FeedbackResponse {
  @ApiProperty({ enum: RATINGS, example: 'up' })
  readonly rating!: Rating;

  @ApiProperty({ type: String, nullable: true, example: 'Right to the point.' })
  readonly comment!: string | null;
}

export class MessageResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a' })
  readonly id!: string;

  @ApiProperty({ format: 'uuid', example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly chatroom_id!: string;

  @ApiProperty({ enum: ['user', 'model'], example: 'model' })
  readonly role!: 'user' | 'model';

  @ApiProperty({ description: 'Empty in a reply that is not finished.', example: 'Begin with Fushimi Inari at dawn.' })
  readonly content!: string;

  @ApiProperty({ enum: MESSAGE_STATUSES, example: 'completed' })
  readonly status!: MessageStatus;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The message that a reply answers; null for a user message.',
    example: '019ab3f2-7b20-7d10-8c2b-5e0d1c2b3a49',
  })
  readonly reply_to!: string | null;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The message before it on its branch.',
    example: '019ab3f2-7b20-7d10-8c2b-5e0d1c2b3a49',
  })
  readonly parent_id!: string | null;

  @ApiProperty({
    type: [String],
    format: 'uuid',
    description: 'All messages with that parent, oldest first.',
    example: ['019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a'],
  })
  readonly sibling_ids!: readonly string[];

  @ApiProperty({ type: String, nullable: true, example: 'gemini-3.5-flash-lite' })
  readonly model!: string | null;

  @ApiProperty({ enum: FINISH_REASONS, nullable: true, example: 'stop' })
  readonly finish_reason!: FinishReason | null;

  @ApiProperty({ type: ReplyErrorResponse, nullable: true, example: null })
  readonly error!: ReplyErrorResponse | null;

  @ApiProperty({ type: UsageResponse, nullable: true, description: 'Tokens of a reply that the model answered; otherwise null.' })
  readonly usage!: UsageResponse | null;

  @ApiProperty({
    type: ContextResponse,
    nullable: true,
    description: 'The part of the conversation that the model was given for a reply; otherwise null.',
  })
  readonly context!: ContextResponse | null;

  @ApiProperty({
    type: [SourceResponse],
    nullable: true,
    description: 'The web pages that a reply rests on; null for a reply without web search.',
    example: null,
  })
  readonly sources!: SourceResponse[] | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "Google's HTML of search suggestions, which its terms want shown with `sources`. Put it into a sandboxed frame.",
    example: null,
  })
  readonly search_suggestions!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "The model's summary of its thoughts. Search results do not show it.",
    example: null,
  })
  readonly reasoning!: string | null;

  @ApiProperty({ type: [AttachmentResponse], description: 'The files of a user message.', example: [] })
  readonly attachments!: AttachmentResponse[];

  @ApiProperty({ type: FeedbackResponse, nullable: true, description: "The user's rating of a reply.", example: null })
  readonly feedback!: FeedbackResponse | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T20:15:05.870Z' })
  readonly completed_at!: string | null;
}

export class MessagePage extends PageOf(MessageResponse) {}

export class CancelledReplies {
  @ApiProperty({ type: [MessageResponse] })
  readonly data!: MessageResponse[];
}

export class ExchangeResponse {
  @ApiProperty({ type: MessageResponse })
  readonly message!: MessageResponse;

  @ApiProperty({ type: MessageResponse })
  readonly reply!: MessageResponse;
}

export const toMessageResponse = (message: Message): MessageResponse => ({
  id: message.id,
  chatroom_id: message.chatroomId,
  role: message.role,
  content: message.content,
  status: message.status,
  reply_to: message.role === 'model' ? message.parentId : null,
  parent_id: message.parentId,
  sibling_ids: message.siblingIds,
  model: message.model,
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
  context:
    message.contextTurns === null
      ? null
      : {
          turns: message.contextTurns,
          trimmed: message.contextTrimmed ?? 0,
          summarised: message.contextSummarised ?? 0,
          attachments: { sent: message.contextFilesSent ?? 0, omitted: message.contextFilesOmitted ?? 0 },
        },
  sources: message.sources?.map(({ title, url, passages }) => ({ title, url, passages: [...passages] })) ?? null,
  search_suggestions: message.searchSuggestions,
  reasoning: message.reasoning,
  attachments: message.attachments.map(toAttachmentResponse),
  feedback: message.feedback && { rating: message.feedback.rating, comment: message.feedback.comment },
  created_at: message.createdAt.toISOString(),
  completed_at: message.completedAt?.toISOString() ?? null,
});

/**
 * A page of a list of messages. A page of the active branch goes on at the parent of its last message, wherever the
 * branch ends by then; one of all messages goes on below its last position.
 */
export const toMessagePage = (rows: readonly Message[], { branch, limit }: { branch: Branch; limit: number }): MessagePage =>
  toPage(rows, limit, ({ parentId, position }) => [branch === 'active' ? (parentId ?? '') : String(position)], toMessageResponse);

export const toExchangeResponse = ({ message, reply }: Exchange): ExchangeResponse => ({
  message: toMessageResponse(message),
  reply: toMessageResponse(reply),
});
