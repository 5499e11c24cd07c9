/** Messages and the replies of a model to them: acceptance, order, and one finished state for each reply. */
export { DeletionService } from './deletion.service.js';
export { FeedbackEntity, type Rating, RATINGS } from './feedback/feedback.entity.js';
export { type FeedbackCounts, FeedbackService } from './feedback/feedback.service.js';
export { MessageEntity } from './message.entity.js';
export { MessagesModule } from './messages.module.js';
export { type FinishReason, FINISH_REASONS, MESSAGE_STATUSES, type MessageStatus } from './message-status.js';
export { NotAReplyError, ReplyNotRetryableError } from './messages.errors.js';
export { MessagesService } from './messages.service.js';
export { describeReplyError, REPLY_ERROR_CODES } from './reply-errors.js';
export { RETRYABLE, type RetriedReply } from './retries.repository.js';
export { RetriesService } from './retries.service.js';
export { BudgetService, type DayBudget } from './usage/budget.service.js';
export { percentile } from './usage/latency.js';
export { MESSAGE_EXPORT, MESSAGES_PERSONAL_DATA } from './personal-data.js';
export { type HourTotal, type ModelLatencies, type ModelTotal, StatsRepository } from './usage/stats.repository.js';
export { STREAM_SCHEMAS } from './stream/stream-event.schema.js';
export { DOCUMENT_SCHEMAS } from './transfer/chatroom-document.js';
