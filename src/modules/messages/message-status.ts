/** The life of a reply: pending → streaming → one of the finished states. A user's message is always completed. */
export const MESSAGE_STATUSES = ['pending', 'streaming', 'completed', 'failed', 'blocked', 'cancelled'] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

export type FinishedStatus = Exclude<MessageStatus, 'pending' | 'streaming'>;

export const isFinished = (status: MessageStatus): status is FinishedStatus => status !== 'pending' && status !== 'streaming';

export const FINISH_REASONS = ['stop', 'length', 'content-filter', 'other', 'error', 'cancelled'] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];
