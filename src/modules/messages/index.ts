/** Messages and the replies that a model makes to them: acceptance, order, and one terminal state for each reply. */
export { Deletion } from './deletion.js';
export { MessagesModule } from './messages.module.js';
export { type FinishReason, FINISH_REASONS, MESSAGE_STATUSES, type MessageStatus } from './message-status.js';
export { NotAReplyError, ReplyNotRetryableError } from './messages.errors.js';
export { MessagesService } from './messages.service.js';
export { describeReplyError, REPLY_ERROR_CODES } from './reply-errors.js';
export { RETRYABLE, type RetriedReply } from './retries.repository.js';
export { Retries } from './retries.js';
export { percentile } from './usage/latency.js';
export { type HourTotal, type ModelLatencies, type ModelTotal, StatsRepository } from './usage/stats.repository.js';
