import { defineError } from '../../common/errors/app-error.js';

const secondsBetween = (now: Date, then: Date): number => Math.max(1, Math.ceil((then.getTime() - now.getTime()) / 1000));

const NOW = new Date('2026-11-22T20:15:03.120Z');
const MIDNIGHT = new Date('2026-11-23T00:00:00.000Z');

export class DailyLimitReachedError extends defineError({
  code: 'daily_limit_reached',
  kind: 'rate_limited',
  title: 'The daily message limit is reached',
  occurrence: ({ limit, used, resetsAt, now }: { limit: number; used: number; resetsAt: Date; now: Date }) => ({
    detail: `The plan includes ${limit} messages a UTC day.`,
    members: { limit, used, resets_at: resetsAt.toISOString() },
    retryAfterSeconds: secondsBetween(now, resetsAt),
  }),
  example: { limit: 5, used: 5, resetsAt: MIDNIGHT, now: NOW },
}) {}

export class TooManyPendingRepliesError extends defineError({
  code: 'too_many_pending_replies',
  kind: 'rate_limited',
  title: 'Too many unfinished replies',
  occurrence: (limit: number) => ({
    detail: `At most ${limit} replies of an account may be unfinished at a time.`,
    members: { limit },
    retryAfterSeconds: 5,
  }),
  example: 200,
}) {}

export class FairUseLimitReachedError extends defineError({
  code: 'fair_use_limit_reached',
  kind: 'rate_limited',
  title: 'The fair use of the day is reached',
  occurrence: ({ resetsAt, now, isUsedUp }: { resetsAt: Date; now: Date; isUsedUp: boolean }) => ({
    detail: isUsedUp
      ? 'The fair use of the Pro plan is used up for this UTC day.'
      : 'The rest of the fair use of this UTC day is reserved for unfinished replies. Retry when one of them has finished.',
    members: { resets_at: resetsAt.toISOString() },
    retryAfterSeconds: isUsedUp ? secondsBetween(now, resetsAt) : 5,
  }),
  example: { resetsAt: MIDNIGHT, now: NOW, isUsedUp: true },
}) {}

export class TooManyBranchesError extends defineError({
  code: 'too_many_branches',
  kind: 'conflict',
  title: 'Too many branches',
  occurrence: (limit: number) => ({
    detail: `A message has at most ${limit} alternatives.`,
    members: { limit },
  }),
  example: 100,
}) {}

export class NotAReplyError extends defineError({
  code: 'not_a_reply',
  kind: 'conflict',
  title: 'The message is not a reply',
  detail: 'Only replies of the model can be cancelled, streamed or followed by a message.',
}) {}

export class ReplyNotRetryableError extends defineError({
  code: 'reply_not_retryable',
  kind: 'conflict',
  title: 'The reply cannot be retried',
  detail: 'Only a reply that failed here can be retried. An imported or copied reply, and one that has not failed, cannot.',
}) {}

export class NotAUserMessageError extends defineError({
  code: 'not_a_user_message',
  kind: 'conflict',
  title: 'The message is a reply',
  detail: "Only the user's own messages can be edited; a reply can be regenerated.",
}) {}

export class ServiceBudgetReachedError extends defineError({
  code: 'service_budget_reached',
  kind: 'unavailable',
  title: "The service's budget for today is used up",
  occurrence: ({ resetsAt, now }: { resetsAt: Date; now: Date }) => ({
    detail: 'The service accepts no more messages until midnight UTC.',
    members: { resets_at: resetsAt.toISOString() },
    retryAfterSeconds: secondsBetween(now, resetsAt),
  }),
  example: { resetsAt: MIDNIGHT, now: NOW },
}) {}
